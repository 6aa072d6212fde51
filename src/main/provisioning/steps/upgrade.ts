// A newer agent, with the way back: the node must be Ready with it, or the old one is started again.
import { startUntilReady } from './start-agent.ts'
import { type Step, asRoot } from './contract.ts'
import { SshError } from '../ssh/contract.ts'

/** The old link is kept beside the new one until the node is Ready. */
const SWITCH = `
set -e
read -r id
case "$id" in *[!0-9a-f]*|'') echo 'bad parameters' >&2; exit 2;; esac
[ -f "/opt/flotilla/agent/$id/agent.cjs" ] || { echo 'that agent is not here' >&2; exit 3; }
ln -sfn "../agent/$id/agent.cjs" /opt/flotilla/bin/.agent.new
mv -T /opt/flotilla/bin/.agent.new /opt/flotilla/bin/agent.cjs
systemctl restart flotilla-agent.service
`
/** The current one and the one before stay. */
const PRUNE = `
read -r current before
cd /opt/flotilla/agent && for id in *; do [ "$id" = "$current" ] || [ "$id" = "$before" ] || rm -rf "./$id"; done
`

export const switchAgent: Step = {
  name: 'switch-agent',
  async plan({ facts, files }) {
    const { id } = await files.bundle()
    if (facts.flotilla.currentBundle === id) return []
    return [`restart the agent as version ${id}; back to ${facts.flotilla.currentBundle} if the node is not Ready then`]
  },
  async apply(context) {
    const { facts, files, progress } = context
    const { id } = await files.bundle()
    const before = facts.flotilla.currentBundle
    try {
      await startUntilReady(context, 'switching the agent', SWITCH, `${id}\n`)
    } catch (error) {
      if (before === '' || context.signal.aborted) throw error
      progress.output(`${(error as Error).message}\nback to ${before}\n`)
      await startUntilReady(context, 'going back', SWITCH, `${before}\n`)
      throw new SshError(
        'CommandFailed',
        `the new agent did not work, so ${before} runs again: ${(error as Error).message}`,
      )
    }
    await asRoot(context, 'tidying up', PRUNE, `${id} ${before}\n`)
  },
}

export const restartAgent: Step = {
  name: 'restart-agent',
  plan: () => ['restart the agent; pods run on'],
  async apply(context) {
    await startUntilReady(context, 'restarting the agent', 'systemctl start flotilla-agent.service')
  },
}
