#!/usr/bin/env bash
# One set on the nodes of a Ray cluster; they need the same avmeter, and the same folders of media and weights.
# Run it on the machine that coordinates, which needs neither GPU nor many cores. It ends what it has started, and no
# other cluster of that machine.
set -euo pipefail
: "${SET:?table or folder to score}" "${OUT:?run folder to write}"
NODES=${NODES:-}           # host names of the nodes, reached by ssh; none: workers are on this machine
PORT=${PORT:-6379}
export RAY_USAGE_STATS_ENABLED=0 RAY_AUTH_MODE=token
RAY_AUTH_TOKEN=${RAY_AUTH_TOKEN:-$(python -c 'import secrets; print(secrets.token_hex())')}
export RAY_AUTH_TOKEN      # whoever reaches the ports of a cluster without one runs what he likes on it

head=$(python -c 'import ray; print(ray.util.get_node_ip_address())')
started=()
trap 'kill "${started[@]}" && wait "${started[@]}" || true' EXIT
ray start --block --head --num-cpus 0 --num-gpus 0 --port "$PORT" --include-dashboard false >/dev/null & started+=($!)
until (: <"/dev/tcp/$head/$PORT") 2>/dev/null; do
  kill -0 "${started[0]}"  # the head has failed, and said why
  sleep 0.5
done
if [ -z "$NODES" ]; then
  ray start --block --address "$head:$PORT" >/dev/null & started+=($!)
fi
for node in $NODES; do     # the token goes through a pipe: everybody can read command lines
  ssh "$node" "read -r RAY_AUTH_TOKEN; export RAY_AUTH_TOKEN RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
    exec ray start --block --address $head:$PORT" <<< "$RAY_AUTH_TOKEN" >/dev/null & started+=($!)
done
python - "$head:$PORT" <<'END'      # until one has joined; the others get work as they come
import sys, time, ray
ray.init(sys.argv[1], logging_level="ERROR", log_to_driver=False)
while sum(node["Alive"] for node in ray.nodes()) < 2:
    time.sleep(0.5)
END
avmeter score "$SET" --ray "$head:$PORT" --out "$OUT" "$@"
