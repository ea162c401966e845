#!/bin/sh
# Gets from a fresh clone to a running command: installs what is missing, then hands over to the launcher.
# usage: sh infra/bootstrap.sh start|stop|test|check|bench|chaos [arguments]
set -eu
cd "$(dirname "$0")/.."

say() { printf '%-8s %s\n' "$1" "$2" >&2; }
fail() { say warren "$1"; exit 1; }

command -v node >/dev/null 2>&1 || fail 'Node.js 20 or newer is needed; get it from https://nodejs.org'
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
  fail "Node.js 20 or newer is needed; this is $(node --version). Get it from https://nodejs.org"

# Prints the path of the pinned pnpm, after fetching it with npm when the PATH has another one or none.
pinned_pnpm() {
  version=$(node -p 'require("./package.json").packageManager.split("@")[1].split("+")[0]')
  if [ "$(cd / && pnpm --version 2>/dev/null || true)" = "$version" ]; then
    command -v pnpm
    return
  fi
  tool=.warren/tools/node_modules/.bin/pnpm
  if [ "$(cd / && "$OLDPWD/$tool" --version 2>/dev/null || true)" != "$version" ]; then
    say install "fetching pnpm $version into .warren/tools"
    mkdir -p .warren/tools
    npm install --prefix .warren/tools --no-save --no-audit --no-fund --loglevel=error "pnpm@$version" \
      >.warren/tools/install.log 2>&1 </dev/null || { cat .warren/tools/install.log >&2; fail "npm could not install pnpm $version"; }
  fi
  printf '%s\n' "$PWD/$tool"
}

installed=node_modules/.modules.yaml
if [ ! -e "$installed" ] || [ -n "$(find pnpm-lock.yaml -newer "$installed")" ]; then
  pnpm=$(pinned_pnpm)
  say install 'installing the dependencies of pnpm-lock.yaml'
  mkdir -p .warren
  # No questions, and no search for the pnpm that runs already.
  CI=true pnpm_config_pm_on_fail=ignore \
    "$pnpm" install --frozen-lockfile --reporter=append-only >.warren/install.log 2>&1 </dev/null ||
    { tail -n 30 .warren/install.log >&2; fail 'the installation failed; its whole log is .warren/install.log'; }
  touch "$installed"
  say install 'dependencies installed'
fi

for bin in node_modules/node/bin node_modules/.bin; do
  [ -x "$bin/node" ] && break
done
[ -x "$bin/node" ] || fail 'the Node.js of the dependencies is missing; remove node_modules and try again'
PATH=$PWD/$bin:$PATH
# Whatever Node starts from here on: types stripped and code compiled once, not at each start.
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE-$PWD/node_modules/.cache/code}
export PATH NODE_COMPILE_CACHE
exec "$PWD/$bin/node" --disable-warning=ExperimentalWarning infra/local/src/main.ts "$@"
