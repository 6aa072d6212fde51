// A newer agent, its runtime, unit and settings, with the way back: the node must be Ready with them, or the old ones are
// put back and started again.
import { SETTINGS_FILES, UNIT, UPGRADE_FOLDER, settingsArchive, stale } from './configure.ts'
import { startUntilReady } from './start-agent.ts'
import { type ContextWithoutProgress, type Step, asRoot } from './contract.ts'
import { say } from '../say.ts'
import { SshError } from '../ssh/contract.ts'

/** One file after the other, each as a whole. */
const PUT = `
set -e
put() {
  for path in ${SETTINGS_FILES.join(' ')}; do
    [ -e "$1/$path" ] || [ -L "$1/$path" ] || continue
    cp -P --preserve=mode "$1/$path" "/$path.new"
    mv -T "/$path.new" "/$path"
  done
  systemctl daemon-reload
  systemctl restart ${UNIT}
}
`
/**
 * ids of the agent and its runtime, then a tar of the settings that they run with. What the node was Ready with is kept
 * until it is with the new one; of an upgrade that was cut off, what was kept then.
 */
const SWITCH = `
${PUT}
read -r id runtime
case "$id$runtime" in *[!0-9a-f]*|'') echo 'bad parameters' >&2; exit 2;; esac
[ -f "/opt/flotilla/agent/$id/agent.cjs" ] || { echo 'that agent is not here' >&2; exit 3; }
[ -x "/opt/flotilla/runtime/$runtime/node" ] || { echo 'that runtime is not here' >&2; exit 3; }
umask 077
mkdir -p ${UPGRADE_FOLDER}
cd ${UPGRADE_FOLDER}
rm -rf new .before
mkdir new
tar -x -C new --no-same-owner
if [ ! -d before ]; then
  mkdir .before
  for path in ${SETTINGS_FILES.join(' ')}; do
    if [ -e "/$path" ] || [ -L "/$path" ]; then (cd / && cp -P --preserve=mode --parents "$path" ${UPGRADE_FOLDER}/.before); fi
  done
  mv .before before
fi
put new
`
const BACK = `
${PUT}
put ${UPGRADE_FOLDER}/before
`
const OVER = `rm -rf ${UPGRADE_FOLDER}`
/** The current ones and those before stay. */
const PRUNE = `
prune() { cd "/opt/flotilla/$1" && for id in *; do [ "$id" = "$2" ] || [ "$id" = "$3" ] || rm -rf "./$id"; done; }
read -r current before runtime runtime_before
prune agent "$current" "$before"
prune runtime "$runtime" "$runtime_before"
`

/** @returns ids of the agent and its runtime, those that are current here and those that run there */
async function versions({ facts, files }: ContextWithoutProgress) {
  const [bundle, runtime] = await Promise.all([files.bundle(), files.runtime(facts.architecture)])
  const { currentBundle, currentRuntime } = facts.flotilla
  return { to: [bundle.id, runtime.id], from: [currentBundle, currentRuntime] } as const
}

export const switchAgent: Step = {
  name: 'switch-agent',
  async plan(context) {
    const isCutOff = context.facts.flotilla.did.has('upgrade')
    const changed = await stale(context)
    if (changed.size === 0 && !isCutOff) return []
    const { to, from } = await versions(context)
    const [[id, runtime], [before, runtimeBefore]] = [to, from]
    const isSame = isCutOff || id === before
    return [
      ...(changed.has('settings') ? [say("write the agent's settings to /etc/flotilla anew")] : []),
      ...(changed.has('unit') ? [say('write the unit {unit} anew', { unit: UNIT })] : []),
      runtime === runtimeBefore
        ? say('restart the agent as version {id}', { id })
        : say('restart the agent as version {id} on the runtime {runtime}', { id, runtime }),
      isSame
        ? say('if the node is not Ready then: back to what ran before')
        : say('if the node is not Ready then: back to version {before}', { before }),
    ]
  },
  async apply(context) {
    const { to, from } = await versions(context)
    const order = Buffer.concat([Buffer.from(`${to.join(' ')}\n`), await settingsArchive(context)])
    try {
      await startUntilReady(context, 'switching the agent', SWITCH, order)
    } catch (error) {
      if (context.signal.aborted || !(error instanceof SshError && error.code === 'CommandFailed')) throw error
      context.progress.output(`${error.message}\nback to what ran before\n`)
      await startUntilReady(context, 'going back', BACK)
      await asRoot(context, 'tidying up', OVER)
      throw new SshError('CommandFailed', `the new agent did not work, so the one before runs again: ${error.message}`)
    }
    await asRoot(context, 'tidying up', OVER)
    await asRoot(context, 'tidying up', PRUNE, `${to[0]} ${from[0] || '-'} ${to[1]} ${from[1] || '-'}\n`)
  },
}

export const restartAgent: Step = {
  name: 'restart-agent',
  plan: () => [say('restart the agent; pods run on')],
  async apply(context) {
    await startUntilReady(context, 'restarting the agent', 'systemctl start flotilla-agent.service')
  },
}
