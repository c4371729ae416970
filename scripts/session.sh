#!/usr/bin/env bash
# The session that README.md shows, line for line, from the first empty line on: `make session` runs it.
set -eu
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

HERE=$PWD PATH=$PWD/.venv/bin:$PATH && cd "$(mktemp -d)"
head -1 "$HERE/examples/with-documents.ndjson" >records.ndjson && cp -r "$HERE/examples/documents" .
wait_for() { for _ in $(seq 300); do "$@" && return; sleep 0.2; done; echo "in vain: $*" >&2; false; }
ready() { python -c "from http.client import *; c = HTTPConnection('$1'); c.request('GET', '/readyz'); exit(c.getresponse().status != 200)" 2>/dev/null; }
free_port() { python -c "from socket import *; print(create_server(('127.0.0.1', 0)).getsockname()[1])"; }
TIANMEN=127.0.0.1:$(free_port) WUHAN=127.0.0.1:$(free_port)
# A development chain, a registry on it, and one log: that of Tianmen, into which one department may write.
shunzheng devnet chain --account city >chain.url 2>chain.log & CHAIN_PROCESS=$!
wait_for test -s chain.url && CHAIN=$(cat chain.url)
govern() { shunzheng chain "$@" --chain-url $CHAIN --keystore chain/accounts/city.json --password-file chain/password; }
REGISTRY=$(govern deploy)
CITY=0x$(python -c "import json; print(json.load(open('chain/accounts/city.json'))['address'])")
govern admit-log --registry $REGISTRY --log tianmen --admin $CITY --division 429006
govern set-operator --registry $REGISTRY --log tianmen --operator $CITY
shunzheng keys generate --plain -o department.pem
govern onboard-department --registry $REGISTRY --log tianmen --issuer 11429006EXAMPLE11A --key-file department.pem
# Two nodes: Tianmen's issues, Wuhan's only verifies.
shunzheng init tianmen --registry $REGISTRY --chain-url $CHAIN --listen $TIANMEN --log tianmen --keystore chain/accounts/city.json --password-file chain/password
shunzheng init wuhan --registry $REGISTRY --chain-url $CHAIN --listen $WUHAN
shunzheng node tianmen 2>tianmen.log & TIANMEN_PROCESS=$!
shunzheng node wuhan 2>wuhan.log & WUHAN_PROCESS=$!
wait_for ready $TIANMEN && wait_for ready $WUHAN
# Register a licence, wait for its anchor, fetch its proof; then switch the issuer and the chain off, and verify elsewhere.
shunzheng submit records.ndjson --key department.pem --node http://$TIANMEN --wait 60
IDENTIFIER=$(python -c "import json; print(json.load(open('records.ndjson'))['identifier'])")
export SHUNZHENG_TOKEN=$(shunzheng token create tianmen --label session --scope proofs --scope claims)
shunzheng proof $IDENTIFIER --node http://$TIANMEN -o documents/business-licence.html.proof.json
sleep 3 # Wuhan looks at the chain twice a second
kill $TIANMEN_PROCESS $CHAIN_PROCESS
shunzheng verify documents/business-licence.html --node http://$WUHAN
kill $WUHAN_PROCESS
