// A newer program on a server that has the control plane: put beside the old one, tried, and taken back when the API server
// does not become ready with it. The server does this by itself, as a unit of its systemd, which a cut connection does not
// end and which goes on after a reboot.
import { BASE, CHECK_WORDS, DATA, JOIN_RUNTIME, PROGRAM, SERVER_UNIT, UNIT_FILE } from './scripts.ts'

const UPGRADE_UNIT = 'flotilla-control-plane-upgrade.service'
const ORDER = `${BASE}/upgrade`
const OUTCOME = `${BASE}/upgrade-outcome`
/** The unit that is to be, and the one that was. */
const UNIT_NEW = `${BASE}/unit.new`
const UNIT_BEFORE = `${BASE}/unit.before`
const READY_WITHIN_S = 90
/** systemd starts what ends again: so often, and it is given up before its time. */
const MOST_RESTARTS = 3

/**
 * What the unit runs. Each of its steps may be the last before a power cut: run again, it begins with the copy that is
 * whole, and tries the new program once more.
 */
const UPGRADE = `#!/bin/sh
. ${ORDER}
use() {
  ln -sfn "runtimes/$1/node" ${BASE}/.node.new && mv -T ${BASE}/.node.new ${BASE}/node
  ln -sfn "apps/$2" ${BASE}/.app.new && mv -T ${BASE}/.app.new ${BASE}/app
  cp -p "$3" ${UNIT_FILE}.new && sync ${UNIT_FILE}.new && mv ${UNIT_FILE}.new ${UNIT_FILE}
  sync -f ${BASE} ${UNIT_FILE}
  systemctl daemon-reload
}
restarts() { systemctl show -p NRestarts --value ${SERVER_UNIT}; }
works() {
  systemctl reset-failed ${SERVER_UNIT} 2>/dev/null
  systemctl start ${SERVER_UNIT}
  before=$(restarts)
  ${PROGRAM} control-plane ready --data-dir ${DATA} --within ${READY_WITHIN_S} &
  waits=$!
  while kill -0 $waits 2>/dev/null; do
    [ $(( $(restarts) - before )) -lt ${MOST_RESTARTS} ] || kill $waits 2>/dev/null
    sleep 0.2
  done
  wait $waits
}
finish() {
  printf '%s\\n' "$1" "$2" "$to_app" > ${OUTCOME}.new && sync ${OUTCOME}.new && mv ${OUTCOME}.new ${OUTCOME}
  systemctl disable --quiet ${UPGRADE_UNIT}
  rm -f /etc/systemd/system/${UPGRADE_UNIT} ${ORDER} ${UNIT_NEW} ${UNIT_BEFORE}
  systemctl daemon-reload
  exit 0
}
# A cut between the two names of one folder.
[ -d ${DATA} ] || mv ${DATA}.before ${DATA}
systemctl stop ${SERVER_UNIT}
if [ ! -e ${DATA}.before/whole ]; then
  use "$from_runtime" "$from_app" ${UNIT_BEFORE}
  rm -rf ${DATA}.before
  if ! { cp -a --reflink=auto ${DATA} ${DATA}.before && sync -f ${DATA}.before && : > ${DATA}.before/whole && sync ${DATA}.before; }; then
    rm -rf ${DATA}.before
    works
    finish kept 'the data could not be copied'
  fi
fi
use "$to_runtime" "$to_app" ${UNIT_NEW}
if works; then
  rm -rf ${DATA}.before
  finish done ''
fi
said=$(journalctl _SYSTEMD_UNIT=${SERVER_UNIT} -n 4 --no-pager -q -o cat | tr '\\n' ' ')
systemctl stop ${SERVER_UNIT}
use "$from_runtime" "$from_app" ${UNIT_BEFORE}
if works; then
  rm -rf ${DATA}.before
  finish back "$said"
fi
systemctl stop ${SERVER_UNIT}
rm -rf ${DATA}.failed
mv ${DATA} ${DATA}.failed
mv ${DATA}.before ${DATA}
rm -f ${DATA}/whole
works
finish restored "$said"
`

/**
 * ids of the runtime and app that are to run, and of those that do; then the text of the unit. Of an order that was not
 * finished, what ran before it is kept.
 */
export const BEGIN_UPGRADE = `
set -e
read -r runtime app from_runtime from_app
${CHECK_WORDS('$runtime$app$from_runtime$from_app')}
umask 022
cat > ${UNIT_NEW}
sync ${UNIT_NEW}
${JOIN_RUNTIME}
if [ -f ${ORDER} ]; then
  to_runtime= to_app=
  . ${ORDER}
fi
[ -s ${UNIT_BEFORE} ] || { cp -p ${UNIT_FILE} ${UNIT_BEFORE}.new && sync ${UNIT_BEFORE}.new && mv ${UNIT_BEFORE}.new ${UNIT_BEFORE}; }
printf 'to_runtime=%s\\nto_app=%s\\nfrom_runtime=%s\\nfrom_app=%s\\n' "$runtime" "$app" "$from_runtime" "$from_app" > ${ORDER}.new
sync ${ORDER}.new
rm -f ${OUTCOME}
mv ${ORDER}.new ${ORDER}
cat > ${BASE}/upgrade.sh <<'END_OF_UPGRADE'
${UPGRADE}END_OF_UPGRADE
cat > /etc/systemd/system/${UPGRADE_UNIT} <<'END_OF_UNIT'
[Unit]
Description=Flotilla: another version of the control plane
[Service]
Type=oneshot
ExecStart=/bin/sh ${BASE}/upgrade.sh
TimeoutStartSec=infinity
[Install]
WantedBy=multi-user.target
END_OF_UNIT
systemctl daemon-reload
systemctl enable --quiet ${UPGRADE_UNIT}
systemctl restart --no-block ${UPGRADE_UNIT}
`

/**
 * `running`; or how it ended, what the server said, and the id of the app, a line each; nothing where none was begun. It
 * runs from when systemd was told, though it has not come to it yet, until its unit has ended: it tidies up last.
 */
export const LOOK_AT_UPGRADE = `
job=$(systemctl show -p Job --value ${UPGRADE_UNIT})
state=$(systemctl is-active ${UPGRADE_UNIT})
case "$state-\${job:-0}" in inactive-0 | failed-0 | unknown-0) ended=yes ;; *) ended= ;; esac
if [ -z "$ended" ]; then echo running
elif [ -f ${OUTCOME} ]; then cat ${OUTCOME}
elif [ -f ${ORDER} ]; then echo stopped
fi
`

/** ids of the runtime and the app that stay. */
export const PRUNE_SERVER = `
read -r runtime app
${CHECK_WORDS('$runtime$app')}
rm -f ${OUTCOME} ${BASE}/upgrade.sh ${UNIT_NEW} ${UNIT_BEFORE}
cd ${BASE}/apps && for id in *; do [ "$id" = "$app" ] || rm -rf "./$id"; done
cd ${BASE}/runtimes && for id in *; do [ "$id" = "$runtime" ] || rm -rf "./$id"; done
`
