#!/usr/bin/env bash
# One set on the nodes of a Ray cluster; they need the same avmeter, and the same folders of media and weights.
# Run it on the machine that coordinates, which needs neither GPU nor many cores.
set -euo pipefail
: "${SET:?table or folder to score}" "${OUT:?run folder to write}"
NODES=${NODES:-}           # host names of the nodes, reached by ssh; none: workers are on this machine
PORT=${PORT:-6379}
export RAY_USAGE_STATS_ENABLED=0 RAY_AUTH_MODE=token
RAY_AUTH_TOKEN=${RAY_AUTH_TOKEN:-$(python -c 'import secrets; print(secrets.token_hex())')}
export RAY_AUTH_TOKEN      # whoever reaches the ports of a cluster without one runs what he likes on it

ray start --head --num-cpus 0 --num-gpus 0 --port "$PORT" --include-dashboard false
trap 'ray stop >/dev/null' EXIT
head=$(python -c 'import ray; print(ray.util.get_node_ip_address())')
if [ -z "$NODES" ]; then
  ray start --address "$head:$PORT"
fi
for node in $NODES; do     # the token goes through a pipe: everybody can read command lines
  ssh "$node" "read -r RAY_AUTH_TOKEN; export RAY_AUTH_TOKEN RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
    ray start --address $head:$PORT" <<< "$RAY_AUTH_TOKEN"
done
avmeter score "$SET" --ray "$head:$PORT" --out "$OUT" "$@"
