"""API Gateway: REST APIs with everything a stage of them is made of."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from localaws.emulated import refuse
from localaws.handler import Call, Handler, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import camel

SERVICE = "apigateway"
ACCOUNT = "api-gateway-account"
NOTHING = "(none)"  # the base path of a mapping without one


def replace(path: str, value: Any) -> Props:
    """One patch operation; API Gateway takes every value as text."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return {"op": "replace", "path": path, "value": text}


class Part(Shadowed):
    """A part of a REST API, imported as `api/…`; what is gone with its API or method is gone."""

    import_parts: ClassVar[tuple[str, ...]]  # inputs (or `id`) an import id names, in order

    @abstractmethod
    def identity(self, inputs: Props) -> str:
        """The provider id of a part whose inputs, and own id, are known."""

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        if known:
            return super().read(call, id, known)
        given = dict(zip(self.import_parts, id.split("/", len(self.import_parts) - 1), strict=True))
        own = self.identity(given)
        live = super().read(call, own, given)
        return None if live is None else {**given, **live, "id": own}

    def delete(self, call: Call, id: str, known: Props) -> None:
        if self.live(call, id, known) is not None:
            super().delete(call, id, known)


def logging_role(call: Call, operation: str) -> None:
    """API Gateway refuses logs while the account has no role to write them with."""
    if not call.client(SERVICE).get_account().get("cloudwatchRoleArn"):
        message = "CloudWatch Logs role ARN must be set in account settings to enable logging"
        refuse(operation, "BadRequestException", message)


@register
class RestApi(Shadowed):
    type = "aws:apigateway/restApi:RestApi"
    inputs = frozenset(
        {"name", "description", "endpointConfiguration", "securityPolicy", "endpointAccessMode",
         "disableExecuteApiEndpoint", "policy", "tags"}
    )  # fmt: skip
    autoname = "name"
    cloudformation = "AWS::ApiGateway::RestApi"
    renames: ClassVar[dict[str, str]] = {"tags": "-", "policy": "-", "endpointConfiguration": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        optional = {"policy": inputs["policy"]} if inputs.get("policy") else {}
        kind = (inputs.get("endpointConfiguration") or {}).get("types", "EDGE")
        return call.client(SERVICE).create_rest_api(
            name=inputs["name"],
            description=inputs.get("description") or "",
            endpointConfiguration={"types": [kind]},
            disableExecuteApiEndpoint=bool(inputs.get("disableExecuteApiEndpoint")),
            tags=inputs["tags"],
            **optional,
        )["id"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        api = call.client(SERVICE).get_rest_api(restApiId=id)
        execution = f"arn:aws:execute-api:{call.region}:{call.account_id}:{id}"
        return {
            "name": api["name"],
            "description": api.get("description"),
            "disableExecuteApiEndpoint": api.get("disableExecuteApiEndpoint"),
            "endpointConfiguration": {"types": api["endpointConfiguration"]["types"][0]},
            "arn": f"arn:aws:apigateway:{call.region}::/restapis/{id}",
            "executionArn": execution,
            "rootResourceId": api["rootResourceId"],
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        changed = [
            replace(f"/{name}", new.get(name) or "")
            for name in ("name", "description", "policy")
            if old.get(name) != new.get(name)
        ]
        if changed:
            call.client(SERVICE).update_rest_api(restApiId=id, patchOperations=changed)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).get_rest_api(restApiId=id)
        call.client(SERVICE).delete_rest_api(restApiId=id)


@register
class Resource(Part):
    type = "aws:apigateway/resource:Resource"
    inputs = frozenset({"restApi", "parentId", "pathPart"})
    replace_on = inputs
    cloudformation = "AWS::ApiGateway::Resource"
    renames: ClassVar[dict[str, str]] = {"restApi": "RestApiId"}
    import_parts = ("restApi", "id")

    def identity(self, inputs: Props) -> str:
        return inputs["id"]

    def make(self, call: Call, inputs: Props) -> str:
        return call.client(SERVICE).create_resource(
            restApiId=inputs["restApi"], parentId=inputs["parentId"], pathPart=inputs["pathPart"]
        )["id"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        resource = call.client(SERVICE).get_resource(restApiId=kept["restApi"], resourceId=id)
        return {
            "restApi": kept["restApi"],
            "parentId": resource["parentId"],
            "pathPart": resource["pathPart"],
            "path": resource["path"],
        }

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).delete_resource(restApiId=known["restApi"], resourceId=id)


def _method(inputs: Props) -> Props:
    return {name: inputs[name] for name in ("resourceId", "httpMethod")} | {"restApiId": inputs["restApi"]}


@register
class Method(Part):
    type = "aws:apigateway/method:Method"
    inputs = frozenset(
        {"restApi", "resourceId", "httpMethod", "authorization", "authorizerId", "authorizationScopes",
         "apiKeyRequired", "requestParameters", "requestValidatorId"}
    )  # fmt: skip
    replace_on = frozenset({"restApi", "resourceId", "httpMethod"})
    cloudformation = "AWS::ApiGateway::Method"
    renames: ClassVar[dict[str, str]] = {"restApi": "RestApiId", "authorization": "AuthorizationType"}
    import_parts = ("restApi", "resourceId", "httpMethod")

    def identity(self, inputs: Props) -> str:
        return f"agm-{inputs['restApi']}-{inputs['resourceId']}-{inputs['httpMethod']}"

    def make(self, call: Call, inputs: Props) -> str:
        self._put(call, inputs)
        return self.identity(inputs)

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        held = call.client(SERVICE).get_method(**_method(kept))
        return {
            **{name: kept[name] for name in ("restApi", "resourceId", "httpMethod")},
            "authorization": held["authorizationType"],
            "authorizerId": held.get("authorizerId"),
            "requestParameters": held.get("requestParameters"),
            "requestValidatorId": held.get("requestValidatorId"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        """Moto has no update of a method, and putting one anew loses what stands behind it: that is put back."""
        client, key = call.client(SERVICE), _method(new)
        held = client.get_method(**key)
        self._put(call, new)
        for status, response in held.get("methodResponses", {}).items():
            optional = (
                {"responseParameters": response["responseParameters"]} if "responseParameters" in response else {}
            )
            client.put_method_response(**key, statusCode=status, **optional)
        if held.get("methodIntegration"):
            put_integration(call, key, held["methodIntegration"])

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).delete_method(**_method(known))

    def _put(self, call: Call, inputs: Props) -> None:
        names = ("authorizerId", "authorizationScopes", "apiKeyRequired", "requestParameters", "requestValidatorId")
        optional = {name: inputs[name] for name in names if inputs.get(name)}
        call.client(SERVICE).put_method(**_method(inputs), authorizationType=inputs["authorization"], **optional)


def put_integration(call: Call, key: Props, held: Props) -> None:
    """Put an integration as the account gave it, with its answers."""
    client = call.client(SERVICE)
    names = ("type", "uri", "passthroughBehavior", "requestTemplates", "requestParameters", "timeoutInMillis")
    wire = {name: held[name] for name in names if held.get(name)}
    if held.get("httpMethod"):
        wire["integrationHttpMethod"] = held["httpMethod"]
    client.put_integration(**key, **wire)
    for status, answer in (held.get("integrationResponses") or {}).items():
        parts = ("responseParameters", "responseTemplates", "selectionPattern")
        client.put_integration_response(
            **key, statusCode=status, **{name: answer[name] for name in parts if answer.get(name)}
        )


@register
class Integration(Part):
    type = "aws:apigateway/integration:Integration"
    inputs = frozenset(
        {"restApi", "resourceId", "httpMethod", "type", "integrationHttpMethod", "uri", "passthroughBehavior",
         "requestTemplates", "requestParameters", "timeoutMilliseconds"}
    )  # fmt: skip
    replace_on = frozenset({"restApi", "resourceId", "httpMethod", "type", "integrationHttpMethod"})
    import_parts = ("restApi", "resourceId", "httpMethod")

    def identity(self, inputs: Props) -> str:
        return f"agi-{inputs['restApi']}-{inputs['resourceId']}-{inputs['httpMethod']}"

    def make(self, call: Call, inputs: Props) -> str:
        put_integration(call, _method(inputs), self._wire(inputs))
        return self.identity(inputs)

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        held = self._held(call, kept)
        if held is None:
            return None
        return {
            **{name: kept[name] for name in ("restApi", "resourceId", "httpMethod")},
            "type": held["type"],
            "integrationHttpMethod": held.get("httpMethod"),
            "uri": held.get("uri"),
            "requestTemplates": held.get("requestTemplates"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        held = self._held(call, new) or {}
        answers = {"integrationResponses": held.get("integrationResponses")}
        put_integration(call, _method(new), {**self._wire(new), **answers})

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).delete_integration(**_method(known))

    def _wire(self, inputs: Props) -> Props:
        wire = {name: inputs[name] for name in ("type", "uri", "passthroughBehavior", "requestTemplates",
                                                "requestParameters") if inputs.get(name)}  # fmt: skip
        if inputs.get("timeoutMilliseconds"):
            wire["timeoutInMillis"] = inputs["timeoutMilliseconds"]
        return {**wire, "httpMethod": inputs.get("integrationHttpMethod")}

    def _held(self, call: Call, key: Props) -> Props | None:
        return call.client(SERVICE).get_method(**_method(key)).get("methodIntegration")


@register
class MethodResponse(Part):
    type = "aws:apigateway/methodResponse:MethodResponse"
    inputs = frozenset({"restApi", "resourceId", "httpMethod", "statusCode", "responseParameters", "responseModels"})
    replace_on = frozenset({"restApi", "resourceId", "httpMethod", "statusCode"})
    import_parts = ("restApi", "resourceId", "httpMethod", "statusCode")

    def identity(self, inputs: Props) -> str:
        return f"agmr-{inputs['restApi']}-{inputs['resourceId']}-{inputs['httpMethod']}-{inputs['statusCode']}"

    def make(self, call: Call, inputs: Props) -> str:
        self.change(call, "", {}, inputs)
        return self.identity(inputs)

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        held = call.client(SERVICE).get_method(**_method(kept)).get("methodResponses", {}).get(kept["statusCode"])
        if held is None:
            return None
        return {
            **{name: kept[name] for name in ("restApi", "resourceId", "httpMethod", "statusCode")},
            "responseParameters": held.get("responseParameters"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        optional = {name: new[name] for name in ("responseParameters", "responseModels") if new.get(name)}
        call.client(SERVICE).put_method_response(**_method(new), statusCode=new["statusCode"], **optional)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).delete_method_response(**_method(known), statusCode=known["statusCode"])


@register
class IntegrationResponse(Part):
    type = "aws:apigateway/integrationResponse:IntegrationResponse"
    inputs = frozenset(
        {"restApi", "resourceId", "httpMethod", "statusCode", "responseParameters", "responseTemplates",
         "selectionPattern"}
    )  # fmt: skip
    replace_on = frozenset({"restApi", "resourceId", "httpMethod", "statusCode"})
    import_parts = ("restApi", "resourceId", "httpMethod", "statusCode")

    def identity(self, inputs: Props) -> str:
        return f"agir-{inputs['restApi']}-{inputs['resourceId']}-{inputs['httpMethod']}-{inputs['statusCode']}"

    def make(self, call: Call, inputs: Props) -> str:
        self.change(call, "", {}, inputs)
        return self.identity(inputs)

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        integration = call.client(SERVICE).get_method(**_method(kept)).get("methodIntegration") or {}
        held = (integration.get("integrationResponses") or {}).get(kept["statusCode"])
        if held is None:
            return None
        return {
            **{name: kept[name] for name in ("restApi", "resourceId", "httpMethod", "statusCode")},
            "responseParameters": held.get("responseParameters"),
            "responseTemplates": held.get("responseTemplates"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        names = ("responseParameters", "responseTemplates", "selectionPattern")
        optional = {name: new[name] for name in names if new.get(name)}
        call.client(SERVICE).put_integration_response(**_method(new), statusCode=new["statusCode"], **optional)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).delete_integration_response(**_method(known), statusCode=known["statusCode"])


@register
class Authorizer(Part):
    type = "aws:apigateway/authorizer:Authorizer"
    inputs = frozenset({"name", "restApi", "type", "providerArns", "identitySource", "identityValidationExpression"})
    replace_on = frozenset({"restApi"})
    autoname = "name"
    cloudformation = "AWS::ApiGateway::Authorizer"
    renames: ClassVar[dict[str, str]] = {"restApi": "RestApiId"}
    import_parts = ("restApi", "id")

    def identity(self, inputs: Props) -> str:
        return inputs["id"]

    def make(self, call: Call, inputs: Props) -> str:
        client = call.client(SERVICE)
        id = client.create_authorizer(
            restApiId=inputs["restApi"],
            name=inputs["name"],
            type=inputs["type"],
            providerARNs=inputs.get("providerArns") or [],
            identitySource=inputs.get("identitySource") or "method.request.header.Authorization",
        )["id"]
        self.change(call, id, {}, inputs)  # moto forgets the expression when an authorizer is created
        return id

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        held = call.client(SERVICE).get_authorizer(restApiId=kept["restApi"], authorizerId=id)
        return {
            "restApi": kept["restApi"],
            "name": held["name"],
            "type": held["type"],
            "identitySource": held.get("identitySource"),
            "identityValidationExpression": held.get("identityValidationExpression"),
            "arn": f"arn:aws:apigateway:{call.region}::/restapis/{kept['restApi']}/authorizers/{id}",
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        changed = [
            replace(f"/{name}", new.get(name) or "")
            for name in ("name", "identitySource", "identityValidationExpression")
            if old.get(name) != new.get(name)
        ]
        if changed:
            call.client(SERVICE).update_authorizer(restApiId=new["restApi"], authorizerId=id, patchOperations=changed)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).delete_authorizer(restApiId=known["restApi"], authorizerId=id)


@register
class RequestValidator(Part):
    type = "aws:apigateway/requestValidator:RequestValidator"
    inputs = frozenset({"name", "restApi", "validateRequestBody", "validateRequestParameters"})
    replace_on = frozenset({"restApi"})
    autoname = "name"
    cloudformation = "AWS::ApiGateway::RequestValidator"
    renames: ClassVar[dict[str, str]] = {"restApi": "RestApiId"}
    import_parts = ("restApi", "id")

    def identity(self, inputs: Props) -> str:
        return inputs["id"]

    def make(self, call: Call, inputs: Props) -> str:
        return call.client(SERVICE).create_request_validator(
            restApiId=inputs["restApi"],
            name=inputs["name"],
            validateRequestBody=bool(inputs.get("validateRequestBody")),
            validateRequestParameters=bool(inputs.get("validateRequestParameters")),
        )["id"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        every = call.client(SERVICE).get_request_validators(restApiId=kept["restApi"])["items"]
        held = next((validator for validator in every if validator["id"] == id), None)
        if held is None:
            return None
        parts = ("name", "validateRequestBody", "validateRequestParameters")
        return {"restApi": kept["restApi"], **{name: held[name] for name in parts}}

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        changed = [
            replace(f"/{name}", new.get(name) or False)
            for name in ("name", "validateRequestBody", "validateRequestParameters")
            if old.get(name) != new.get(name)
        ]
        call.client(SERVICE).update_request_validator(
            restApiId=new["restApi"], requestValidatorId=id, patchOperations=changed
        )

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).delete_request_validator(restApiId=known["restApi"], requestValidatorId=id)


@register
class GatewayResponse(Part):
    type = "aws:apigateway/response:Response"
    inputs = frozenset({"restApiId", "responseType", "statusCode", "responseParameters", "responseTemplates"})
    replace_on = frozenset({"restApiId", "responseType"})
    cloudformation = "AWS::ApiGateway::GatewayResponse"
    import_parts = ("restApiId", "responseType")

    def identity(self, inputs: Props) -> str:
        return f"aggr-{inputs['restApiId']}-{inputs['responseType']}"

    def make(self, call: Call, inputs: Props) -> str:
        self.change(call, "", {}, inputs)
        return self.identity(inputs)

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        held = call.client(SERVICE).get_gateway_response(restApiId=kept["restApiId"], responseType=kept["responseType"])
        return {
            "restApiId": kept["restApiId"],
            "responseType": held["responseType"],
            "statusCode": held.get("statusCode"),
            "responseParameters": held.get("responseParameters"),
            "responseTemplates": held.get("responseTemplates"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        names = ("statusCode", "responseParameters", "responseTemplates")
        call.client(SERVICE).put_gateway_response(
            restApiId=new["restApiId"],
            responseType=new["responseType"],
            **{name: new[name] for name in names if new.get(name)},
        )

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).delete_gateway_response(restApiId=known["restApiId"], responseType=known["responseType"])


@register
class Deployment(Part):
    """A picture of an API; a stage keeps showing the old one until the new one is there."""

    type = "aws:apigateway/deployment:Deployment"
    inputs = frozenset({"restApi", "description", "triggers"})
    replace_on = frozenset({"restApi", "triggers"})
    side_by_side = True
    cloudformation = "AWS::ApiGateway::Deployment"
    renames: ClassVar[dict[str, str]] = {"restApi": "RestApiId"}
    import_parts = ("restApi", "id")

    def identity(self, inputs: Props) -> str:
        return inputs["id"]

    def make(self, call: Call, inputs: Props) -> str:
        return call.client(SERVICE).create_deployment(
            restApiId=inputs["restApi"], description=inputs.get("description") or ""
        )["id"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        held = call.client(SERVICE).get_deployments(restApiId=kept["restApi"])["items"]
        if all(deployment["id"] != id for deployment in held):
            return None
        return {"restApi": kept["restApi"], "createdDate": next(str(d["createdDate"]) for d in held if d["id"] == id)}

    def remove(self, call: Call, id: str, known: Props) -> None:
        client = call.client(SERVICE)
        if any(stage.get("deploymentId") == id for stage in client.get_stages(restApiId=known["restApi"])["item"]):
            message = "Active stages pointing to this deployment must be moved or deleted"
            refuse("DeleteDeployment", "BadRequestException", message)
        client.delete_deployment(restApiId=known["restApi"], deploymentId=id)


@register
class Stage(Part):
    type = "aws:apigateway/stage:Stage"
    inputs = frozenset(
        {"restApi", "stageName", "deployment", "description", "accessLogSettings", "xrayTracingEnabled", "variables",
         "tags"}
    )  # fmt: skip
    replace_on = frozenset({"restApi", "stageName"})
    cloudformation = "AWS::ApiGateway::Stage"
    renames: ClassVar[dict[str, str]] = {"restApi": "RestApiId", "deployment": "DeploymentId", "tags": "-"}
    import_parts = ("restApi", "stageName")

    def identity(self, inputs: Props) -> str:
        return f"ags-{inputs['restApi']}-{inputs['stageName']}"

    def make(self, call: Call, inputs: Props) -> str:
        if inputs.get("accessLogSettings"):
            logging_role(call, "UpdateStage")
        call.client(SERVICE).create_stage(
            restApiId=inputs["restApi"],
            stageName=inputs["stageName"],
            deploymentId=inputs["deployment"],
            variables=inputs.get("variables") or {},
            tracingEnabled=bool(inputs.get("xrayTracingEnabled")),
            tags=inputs["tags"],
        )
        self.change(call, "", {}, inputs)
        return self.identity(inputs)

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        held = call.client(SERVICE).get_stage(restApiId=kept["restApi"], stageName=kept["stageName"])
        api, stage = kept["restApi"], held["stageName"]
        return {
            "restApi": api,
            "stageName": stage,
            "deployment": held["deploymentId"],
            "accessLogSettings": camel(held.get("accessLogSettings")),
            "xrayTracingEnabled": held.get("tracingEnabled"),
            "arn": f"arn:aws:apigateway:{call.region}::/restapis/{api}/stages/{stage}",
            "executionArn": f"arn:aws:execute-api:{call.region}:{call.account_id}:{api}/{stage}",
            "invokeUrl": f"https://{api}.execute-api.{call.region}.amazonaws.com/{stage}",
            "webAclArn": held.get("webAclArn"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        changed = [replace("/deploymentId", new["deployment"])]
        changed.append(replace("/tracingEnabled", bool(new.get("xrayTracingEnabled"))))
        logs = new.get("accessLogSettings")
        if logs:
            logging_role(call, "UpdateStage")
            changed += [replace(f"/accessLogSettings/{name}", logs[name]) for name in ("destinationArn", "format")]
        elif old.get("accessLogSettings"):
            changed.append({"op": "remove", "path": "/accessLogSettings"})
        call.client(SERVICE).update_stage(restApiId=new["restApi"], stageName=new["stageName"], patchOperations=changed)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).delete_stage(restApiId=known["restApi"], stageName=known["stageName"])


@register
class MethodSettings(Part):
    """Settings of the methods of a stage; `*/*` stands for all of them."""

    type = "aws:apigateway/methodSettings:MethodSettings"
    inputs = frozenset({"restApi", "stageName", "methodPath", "settings"})
    replace_on = frozenset({"restApi", "stageName", "methodPath"})
    left_to_aws = frozenset({"settings"})
    import_parts = ("restApi", "stageName", "methodPath")
    WIRE: ClassVar[dict[str, str]] = {
        "loggingLevel": "logging/loglevel", "dataTraceEnabled": "logging/dataTrace",
        "metricsEnabled": "metrics/enabled", "throttlingRateLimit": "throttling/rateLimit",
        "throttlingBurstLimit": "throttling/burstLimit", "cachingEnabled": "caching/enabled",
        "cacheDataEncrypted": "caching/dataEncrypted", "cacheTtlInSeconds": "caching/ttlInSeconds",
    }  # fmt: skip

    def identity(self, inputs: Props) -> str:
        return f"{inputs['restApi']}-{inputs['stageName']}-{inputs['methodPath']}"

    def make(self, call: Call, inputs: Props) -> str:
        self.change(call, "", {}, inputs)
        return self.identity(inputs)

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        stage = call.client(SERVICE).get_stage(restApiId=kept["restApi"], stageName=kept["stageName"])
        held = stage.get("methodSettings", {}).get(kept["methodPath"])
        # moto keeps them when they are removed; a resource that was never here is one to import
        if held is None or ("settings" in kept and id not in call.store.of(self.type, call.region)):
            return None
        names = ("restApi", "stageName", "methodPath")
        return {**{name: kept[name] for name in names}, "settings": {n: held[n] for n in self.WIRE if n in held}}

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        settings = new["settings"]
        unknown = sorted(settings.keys() - self.WIRE.keys())
        if unknown:
            refuse("UpdateStage", "BadRequestException", f"Invalid method setting path: {', '.join(unknown)}")
        if settings.get("loggingLevel", "OFF") != "OFF":
            logging_role(call, "UpdateStage")
        call.client(SERVICE).update_stage(
            restApiId=new["restApi"],
            stageName=new["stageName"],
            patchOperations=[
                replace(f"/{new['methodPath']}/{self.WIRE[name]}", value)
                for name, value in settings.items()
                if value is not None
            ],
        )

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).update_stage(
            restApiId=known["restApi"],
            stageName=known["stageName"],
            patchOperations=[{"op": "remove", "path": f"/{known['methodPath']}"}],
        )


@register
class Account(Handler):
    """The account's settings in one region; there is always one, so an end is a reset."""

    type = "aws:apigateway/account:Account"
    inputs = frozenset({"cloudwatchRoleArn"})
    cloudformation = "AWS::ApiGateway::Account"

    def create(self, call: Call, inputs: Props) -> str:
        self._set(call, inputs.get("cloudwatchRoleArn") or "")
        return ACCOUNT

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        held = call.client(SERVICE).get_account()
        if not held.get("cloudwatchRoleArn"):
            return None
        return {"cloudwatchRoleArn": held["cloudwatchRoleArn"], "throttleSettings": [held.get("throttleSettings")]}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._set(call, new.get("cloudwatchRoleArn") or "")

    def delete(self, call: Call, id: str, known: Props) -> None:
        self._set(call, "")

    def _set(self, call: Call, arn: str) -> None:
        call.client(SERVICE).update_account(patchOperations=[replace("/cloudwatchRoleArn", arn)])


@register
class DomainName(Shadowed):
    type = "aws:apigateway/domainName:DomainName"
    inputs = frozenset(
        {
            "domainName",
            "regionalCertificateArn",
            "endpointConfiguration",
            "securityPolicy",
            "endpointAccessMode",
            "tags",
        }
    )
    replace_on = frozenset({"domainName"})
    cloudformation = "AWS::ApiGateway::DomainName"
    renames: ClassVar[dict[str, str]] = {"tags": "-", "endpointConfiguration": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        call.client(SERVICE).create_domain_name(
            domainName=inputs["domainName"],
            regionalCertificateArn=inputs["regionalCertificateArn"],
            endpointConfiguration={"types": [inputs["endpointConfiguration"]["types"]]},
            securityPolicy=inputs["securityPolicy"],
            tags=inputs["tags"],
        )
        return inputs["domainName"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        held = call.client(SERVICE).get_domain_name(domainName=id)
        return {
            "domainName": held["domainName"],
            "regionalDomainName": held["regionalDomainName"],
            "regionalZoneId": held["regionalHostedZoneId"],
            "arn": f"arn:aws:apigateway:{call.region}::/domainnames/{id}",
        }

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).delete_domain_name(domainName=id)


@register
class BasePathMapping(Part):
    type = "aws:apigateway/basePathMapping:BasePathMapping"
    inputs = frozenset({"domainName", "restApi", "stageName", "basePath"})
    replace_on = frozenset({"domainName"})
    cloudformation = "AWS::ApiGateway::BasePathMapping"
    renames: ClassVar[dict[str, str]] = {"restApi": "RestApiId", "stageName": "Stage"}
    import_parts = ("domainName", "basePath")

    def identity(self, inputs: Props) -> str:
        return f"{inputs['domainName']}/{inputs.get('basePath') or ''}"

    def make(self, call: Call, inputs: Props) -> str:
        optional = {"basePath": inputs["basePath"]} if inputs.get("basePath") else {}
        call.client(SERVICE).create_base_path_mapping(
            domainName=inputs["domainName"], restApiId=inputs["restApi"], stage=inputs["stageName"], **optional
        )
        return self.identity(inputs)

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        held = call.client(SERVICE).get_base_path_mapping(
            domainName=kept["domainName"], basePath=kept.get("basePath") or NOTHING
        )
        return {
            "domainName": kept["domainName"],
            "restApi": held["restApiId"],
            "stageName": held.get("stage"),
            "basePath": kept.get("basePath"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.client(SERVICE).update_base_path_mapping(
            domainName=new["domainName"],
            basePath=old.get("basePath") or NOTHING,
            patchOperations=[replace("/restapiId", new["restApi"]), replace("/stage", new["stageName"])],
        )

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client(SERVICE).delete_base_path_mapping(
            domainName=known["domainName"], basePath=known.get("basePath") or NOTHING
        )
