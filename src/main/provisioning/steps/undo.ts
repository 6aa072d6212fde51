// Steps of joining, taken back one by one: each together with what was built on it, in the order in which that is safe.
import { type Said, say } from '../say.ts'
import { authorizeKey, withdrawKey } from './authorize-key.ts'
import { UNIT, UPGRADE_FOLDER, configure } from './configure.ts'
import { AGENT_FOLDER, type ContextWithoutProgress, type Step, UNLINK_KUBELET, asRoot } from './contract.ts'
import { installPackages, startDocker } from './install-packages.ts'
import { UNSET_LIVE_RESTORE, liveRestore, resetLiveRestore } from './live-restore.ts'
import { pushAgent, pushRuntime } from './push.ts'
import { cleanUp, deleteNode, drain, revokeCertificate } from './remove.ts'
import { startAgent } from './start-agent.ts'
import { UNSYNC_CLOCK, syncClock, unsyncClock } from './sync-clock.ts'
import { STOP_DOCKER, UNINSTALL, hasInstalled, stopDocker, uninstall } from './uninstall.ts'

interface Undoing {
  readonly step: Step
  /** Names of steps that need this one: they are undone before it. */
  readonly carries: readonly string[]
  /** Whether there is something of the step on the host. */
  isDone(context: ContextWithoutProgress): boolean | Promise<boolean>
  readonly by: readonly Step[]
}

/** Folders go when the last that was in them does; notes of what was before, when nobody needs them any more. */
const TIDY = `
rmdir /opt/flotilla 2>/dev/null
before=/var/lib/flotilla/before
left=
for note in installed packages docker daemon.json.ours images ntp; do [ ! -e $before/$note ] || left=yes; done
[ -n "$left" ] || rm -rf $before
rmdir /var/lib/flotilla 2>/dev/null
exit 0
`

const files = (what: Said, paths: string, then = ''): Step => ({
  name: 'delete-files',
  plan: () => [what],
  apply: async context => void (await asRoot(context, 'deleting files', `rm -rf ${paths}\n${then}${TIDY}`)),
})
/** In one command: a connection that is cut off comes in between no two. */
const tidily = (step: Step, what: string, script: string): Step => ({
  ...step,
  apply: async context => void (await asRoot(context, what, `(${script}) || exit $?\n${TIDY}`)),
})
const closeLink: Step = {
  name: 'close-link',
  plan: ({ apiPort }) => [say("close port {port} of the host's loopback", { port: apiPort })],
  apply: context => context.closeLink(),
}

/** From the last step of joining to the first. */
export const UNDOINGS: readonly Undoing[] = [
  {
    step: startAgent,
    carries: [],
    // What is known here of the node goes last, when nothing may be left there.
    isDone: ({ facts: { active, flotilla }, host: { status } }) =>
      active.has('flotilla-agent') || flotilla.did.has('identity') || status.nodeName !== undefined,
    by: [
      drain,
      cleanUp,
      deleteNode,
      revokeCertificate,
      closeLink,
      files(
        say("delete the node's certificate and state"),
        `/var/lib/flotilla/identity ${AGENT_FOLDER} /run/flotilla`,
        `${UNLINK_KUBELET}\n`,
      ),
    ],
  },
  {
    step: liveRestore,
    carries: [],
    isDone: ({ facts }) => facts.flotilla.did.has('daemon.json.ours'),
    by: [tidily(resetLiveRestore, "putting back Docker's settings", UNSET_LIVE_RESTORE)],
  },
  {
    step: configure,
    carries: [startAgent.name],
    isDone: ({ facts: { flotilla } }) => flotilla.isConfigured || flotilla.currentBundle !== '',
    by: [
      files(
        say('delete /etc/flotilla, /opt/flotilla/bin and the unit {unit}', { unit: UNIT }),
        `/etc/flotilla /opt/flotilla/bin /var/lib/flotilla/compile-cache ${UPGRADE_FOLDER} /etc/systemd/system/${UNIT}`,
        `systemctl daemon-reload\nsystemctl reset-failed ${UNIT} 2>/dev/null\n`,
      ),
    ],
  },
  {
    step: pushAgent,
    carries: [configure.name],
    isDone: ({ facts }) => facts.flotilla.bundles.length > 0,
    by: [files(say('delete /opt/flotilla/agent'), '/opt/flotilla/agent')],
  },
  {
    step: pushRuntime,
    carries: [configure.name],
    isDone: ({ facts }) => facts.flotilla.runtimes.length > 0,
    by: [files(say('delete /opt/flotilla/runtime'), '/opt/flotilla/runtime')],
  },
  {
    step: startDocker,
    carries: [startAgent.name, liveRestore.name],
    isDone: ({ facts }) => facts.flotilla.did.has('docker'),
    by: [tidily(stopDocker, 'stopping Docker', STOP_DOCKER)],
  },
  {
    step: installPackages,
    carries: [startAgent.name, liveRestore.name, startDocker.name],
    isDone: ({ facts }) => hasInstalled(facts),
    by: [tidily(uninstall, 'removing packages', UNINSTALL)],
  },
  {
    step: syncClock,
    carries: [],
    isDone: ({ facts }) => facts.flotilla.did.has('ntp'),
    by: [tidily(unsyncClock, 'turning off time synchronisation', UNSYNC_CLOCK)],
  },
  {
    step: authorizeKey,
    carries: [startAgent.name],
    isDone: async context => (await withdrawKey.plan(context)).length > 0,
    by: [withdrawKey],
  },
]

const asOne = ({ step, isDone, by }: Undoing): Step => ({
  name: step.name,
  async plan(context) {
    if (!(await isDone(context))) return []
    return (await Promise.all(by.map(each => each.plan(context)))).flat()
  },
  async apply(context) {
    for (const each of by) if ((await each.plan(context)).length > 0) await each.apply(context)
  },
})

/**
 * @param name of a step of joining; default: the last one that is done
 * @returns what undoes it, and before that what was built on it; none when nothing is done
 * @throws Error for a name that is no step's
 */
export async function undoingOf(name: string | undefined, context: ContextWithoutProgress): Promise<Step[]> {
  const done: Undoing[] = []
  for (const each of UNDOINGS) if (await each.isDone(context)) done.push(each)
  if (name === undefined) return done.slice(0, 1).map(asOne)
  const names = UNDOINGS.map(({ step }) => step.name)
  if (!names.includes(name))
    throw new Error(`joining has no step ${JSON.stringify(name)}: ${names.toReversed().join(', ')}`)
  const wanted = new Set([name])
  // Read from the first step of joining on, so that what is built on what is built on it is found as well.
  for (const { step, carries } of UNDOINGS.toReversed())
    if (wanted.has(step.name)) for (const each of carries) wanted.add(each)
  return done.filter(({ step }) => wanted.has(step.name)).map(asOne)
}
