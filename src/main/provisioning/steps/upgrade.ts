// A newer agent and its runtime, with the way back: the node must be Ready with them, or the old ones are started again.
import { startUntilReady } from './start-agent.ts'
import { type ContextWithoutProgress, type Step, asRoot } from './contract.ts'
import { SshError } from '../ssh/contract.ts'

/** What the node was Ready with stays until it is with the new one. */
const SWITCH = `
set -e
read -r id runtime
case "$id" in *[!0-9a-f]*|'') echo 'bad parameters' >&2; exit 2;; esac
case "$runtime" in *[!0-9a-f]*|'') echo 'bad parameters' >&2; exit 2;; esac
[ -f "/opt/flotilla/agent/$id/agent.cjs" ] || { echo 'that agent is not here' >&2; exit 3; }
[ -x "/opt/flotilla/runtime/$runtime/node" ] || { echo 'that runtime is not here' >&2; exit 3; }
cd /opt/flotilla/bin
ln -sfn "../runtime/$runtime/node" .node.new
ln -sfn "../agent/$id/agent.cjs" .agent.new
mv -T .node.new node
mv -T .agent.new agent.cjs
systemctl restart flotilla-agent.service
`
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
    const { to, from } = await versions(context)
    if (to.join() === from.join()) return []
    const [[id, runtime], [before, runtimeBefore]] = [to, from]
    const on = runtime === runtimeBefore ? '' : ` on the runtime ${runtime}`
    return [`restart the agent as version ${id}${on}; back to ${before} if the node is not Ready then`]
  },
  async apply(context) {
    const { to, from } = await versions(context)
    const [before] = from
    try {
      await startUntilReady(context, 'switching the agent', SWITCH, `${to.join(' ')}\n`)
    } catch (error) {
      if (from.includes('') || context.signal.aborted) throw error
      context.progress.output(`${(error as Error).message}\nback to ${before}\n`)
      await startUntilReady(context, 'going back', SWITCH, `${from.join(' ')}\n`)
      throw new SshError(
        'CommandFailed',
        `the new agent did not work, so ${before} runs again: ${(error as Error).message}`,
      )
    }
    await asRoot(context, 'tidying up', PRUNE, `${to[0]} ${before || '-'} ${to[1]} ${from[1] || '-'}\n`)
  },
}

export const restartAgent: Step = {
  name: 'restart-agent',
  plan: () => ['restart the agent; pods run on'],
  async apply(context) {
    await startUntilReady(context, 'restarting the agent', 'systemctl start flotilla-agent.service')
  },
}
