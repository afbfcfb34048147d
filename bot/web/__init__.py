"""The door: routes, raw bodies, strict JSON and the guards; knows no other room."""
