# Slipway's programs, and docker's client where the machine outside has it.
PATH=$PATH:/slipway/build/final:/slipway/build/tools
export DOCKER_HOST=unix:///run/slipway/slipway.sock
