"""`phi check`: the program on mocks and every rule over what it registered, without the engine."""
