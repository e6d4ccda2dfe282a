"""What an Ubuntu instance becomes when it first starts: text known in advance, without a secret (FAC-CMP-13)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from settings.fleet import RuntimeSettings

CA_BUNDLE = "/etc/ssl/certs/rds-ca-bundle.pem"
"""Where instances keep the certificates of RDS, with which `sslmode=verify-full` works (FAC-N15)."""
LIMIT_BYTES = 16_384  # of user data before it is encoded (EC2 User Guide: user data)
_USER = "app"


@dataclass(frozen=True, kw_only=True)
class UserData:
    """Facts of an instance.

    system: the product's name; its environment is in `/etc/<system>/environment`, its logs in `/var/log/<system>`.
    architecture: `amd64` or `arm64`.   group_name: Auto Scaling group, a dimension of the instance's metrics.
    log_group_name, namespace: where its logs and metrics go.   environment: variables of the application, no secrets.
    """

    system: str
    region: str
    architecture: str
    runtime: RuntimeSettings
    group_name: str
    log_group_name: str
    namespace: str
    environment: Mapping[str, str]

    def __post_init__(self) -> None:
        for name, value in self.environment.items():
            if not value.isprintable() or any(sign in value for sign in '"\\$`'):
                raise ValueError(f"environment: want one line without quotes, \\, $ and `, got another in {name}")

    def text(self) -> str:
        """The cloud-config: HTTPS mirrors, the CA bundle of RDS, Node.js, PM2, the CloudWatch and CodeDeploy agents.

        Raises ValueError when it is longer than EC2 takes.
        Source: cloud-init, "Cloud config"; CodeDeploy User Guide, "Install the CodeDeploy agent for Ubuntu Server";
        CloudWatch User Guide, "Create the CloudWatch agent configuration file"; FAC-CMP-08, FAC-CMP-13, FAC-N26.
        """
        mirror = [{"arches": ["default"], "uri": self.runtime.package_mirror}]
        config = {
            "apt": {"preserve_sources_list": False, "primary": mirror, "security": mirror},
            "package_update": True,
            "package_upgrade": True,
            "packages": ["curl", "ruby-full", "unattended-upgrades"],
            "ssh_pwauth": False,
            "users": ["default", {"name": _USER, "homedir": f"/srv/{_USER}", "shell": "/usr/sbin/nologin"}],
            "write_files": [
                _file(f"/etc/{self.system}/environment", self._environment(), "0644"),
                _file("/opt/phi/cloudwatch-agent.json", json.dumps(self._agent(), indent=1), "0644"),
                _file(f"/etc/logrotate.d/{self.system}", self._rotation(), "0644"),
                _file("/opt/phi/prepare", self._script(), "0755"),
            ],
            "runcmd": [["/opt/phi/prepare"]],
        }
        text = "#cloud-config\n" + json.dumps(config)
        size = len(text.encode())
        if size > LIMIT_BYTES:
            raise ValueError(f"user data: want {LIMIT_BYTES} bytes or less, got {size}; shorten the environment")
        return text

    def _environment(self) -> str:
        return "".join(f'{name}="{self.environment[name]}"\n' for name in sorted(self.environment))

    def _rotation(self) -> str:
        return f"/var/log/{self.system}/*.log {{\n  daily\n  rotate 3\n  missingok\n  notifempty\n  copytruncate\n}}\n"

    def _agent(self) -> dict[str, Any]:
        """Configuration of the CloudWatch agent: metrics of the whole group, so that they need no call to EC2."""
        files = {
            "app": f"/var/log/{self.system}/*.log",
            "start": "/var/log/cloud-init-output.log",
            "deploy": "/var/log/aws/codedeploy-agent/codedeploy-agent.log",
            "auth": "/var/log/auth.log",
        }
        group = {"AutoScalingGroupName": self.group_name}
        return {
            "agent": {"metrics_collection_interval": 60, "omit_hostname": True, "run_as_user": "root"},
            "logs": {
                "logs_collected": {
                    "files": {
                        "collect_list": [
                            {
                                "file_path": path,
                                "log_group_name": self.log_group_name,
                                "log_stream_name": f"{{instance_id}}/{kind}",
                            }
                            for kind, path in files.items()
                        ]
                    }
                }
            },
            "metrics": {
                "namespace": self.namespace,
                "metrics_collected": {
                    "mem": {"measurement": ["mem_used_percent"], "append_dimensions": group},
                    "disk": {
                        "measurement": ["disk_used_percent"],
                        "resources": ["/"],
                        "drop_device": True,
                        "append_dimensions": group,
                    },
                },
            },
        }

    def _script(self) -> str:
        region, node, pm2 = self.region, self.runtime.node_major, self.runtime.pm2_major
        agent = f"https://amazoncloudwatch-agent-{region}.s3.{region}.amazonaws.com/ubuntu/{self.architecture}/latest"
        return f"""#!/bin/bash
# Everything comes over HTTPS: there is no other way out.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive HOME=/root
fetch() {{
  curl --fail --silent --show-error --location --proto =https --tlsv1.2 --retry 5 --retry-all-errors -o "$2" "$1"
}}
install -d -o {_USER} -g {_USER} /srv/{_USER} /var/log/{self.system}

fetch https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem {CA_BUNDLE}
chmod 0644 {CA_BUNDLE}

fetch https://deb.nodesource.com/gpgkey/nodesource-repo.gpg.key /etc/apt/keyrings/nodesource.asc
chmod 0644 /etc/apt/keyrings/nodesource.asc
echo "deb [signed-by=/etc/apt/keyrings/nodesource.asc] https://deb.nodesource.com/node_{node}.x nodistro main" \\
  > /etc/apt/sources.list.d/nodesource.list
apt-get update
apt-get install -y nodejs
npm install --global pm2@{pm2}
env PATH="$PATH" pm2 startup systemd -u {_USER} --hp /srv/{_USER}

fetch {agent}/amazon-cloudwatch-agent.deb /opt/phi/amazon-cloudwatch-agent.deb
dpkg -i -E /opt/phi/amazon-cloudwatch-agent.deb
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl \\
  -a fetch-config -m ec2 -s -c file:/opt/phi/cloudwatch-agent.json

# Last, because it brings the release, which needs all of the above.
fetch https://aws-codedeploy-{region}.s3.{region}.amazonaws.com/latest/install /opt/phi/install-codedeploy
chmod 0755 /opt/phi/install-codedeploy
/opt/phi/install-codedeploy auto
systemctl enable --now codedeploy-agent
"""


def _file(path: str, content: str, permissions: str) -> dict[str, str]:
    return {"path": path, "content": content, "permissions": permissions, "owner": "root:root"}
