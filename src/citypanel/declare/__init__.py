"""What `config.yaml`, a `study.yaml`, a formula and an option may say. Ground floor: imports no stage."""
