// Starts the agent and waits until its node is Ready. The first time it gets a token to ask for its certificate with.
import { Node } from '../../../shared/api/core/v1.ts'
import { Lease } from '../../../shared/api/coordination/v1.ts'
import { delay } from '../../../shared/machinery/clock.ts'
import { isConditionTrue } from '../../../shared/machinery/conditions.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { SshError } from '../ssh/contract.ts'
import { issueBootstrapToken } from './bootstrap-token.ts'
import { agentConfig, hashOf } from './configure.ts'
import { type Step, type StepContext, asRoot } from './contract.ts'

const READY_TIMEOUT_MS = 120_000
const POLL_MS = 200
const LOOK_MS = 4_000
const MOST_RESTARTS = 3

const START = `
set -e
umask 077
cat > /etc/flotilla/bootstrap-token
systemctl enable flotilla-agent.service
systemctl restart flotilla-agent.service
`
const FORGET_TOKEN = 'rm -f /etc/flotilla/bootstrap-token'
const RESTARTS = 'systemctl show -p NRestarts --value flotilla-agent.service'
const JOURNAL = 'journalctl -u flotilla-agent.service -n 12 --no-pager -o cat'

export const startAgent: Step = {
  name: 'start-agent',
  async plan(context) {
    const { flotilla, active } = context.facts
    const bundle = await context.files.bundle()
    const same = flotilla.configHash === hashOf(agentConfig(context)) && flotilla.currentBundle === bundle.id
    if (same && active.has('flotilla-agent') && (await isReady(context, undefined))) return []
    return [
      `forward port ${context.apiPort} of the host's loopback to the API server`,
      'start the agent, now and at every boot; it gets a certificate of its own with a token that works once',
    ]
  },
  async apply(context) {
    const { client, clock, nodeName, host, progress } = context
    await context.openLink()
    const { token, revoke } = await issueBootstrapToken(client, clock, `host ${host.metadata.name} joins`)
    const startedMs = clock.now()
    try {
      await asRoot(context, 'starting the agent', START, `${token}\n`)
      progress.output(`waiting for the node ${nodeName}\n`)
      await waitUntilReady(context, startedMs)
      await asRoot(context, 'forgetting the token', FORGET_TOKEN)
    } finally {
      await revoke()
    }
    await label(context)
  },
}

/**
 * @param sinceMs only what the agent reported after this counts
 * @throws SshError with what the agent logged, when it does not come up or keeps ending
 */
export async function waitUntilReady(context: StepContext, sinceMs: number): Promise<void> {
  const { clock, signal, nodeName } = context
  const startedMs = clock.monotonic()
  let lookedMs = startedMs
  while (!(await isReady(context, sinceMs))) {
    if (clock.monotonic() - startedMs > READY_TIMEOUT_MS)
      throw await notReady(context, `the node ${nodeName} was not Ready within ${READY_TIMEOUT_MS / 1000} s`)
    if (clock.monotonic() - lookedMs > LOOK_MS) {
      lookedMs = clock.monotonic()
      const restarts = Number(await asRoot(context, 'looking at the agent', RESTARTS))
      if (restarts >= MOST_RESTARTS) throw await notReady(context, `the agent of ${nodeName} keeps ending`)
    }
    await delay(clock, POLL_MS, signal)
  }
}

async function notReady(context: StepContext, what: string): Promise<SshError> {
  const log = await asRoot(context, 'reading the log', JOURNAL).catch(() => '')
  const lines = log.trim().split('\n').slice(-4).join(' · ')
  return new SshError('CommandFailed', `${what}. It logged: ${lines || 'nothing'}`)
}

async function isReady(
  { client, nodeName, facts, signal }: StepContext,
  sinceMs: number | undefined,
): Promise<boolean> {
  try {
    const node = await client.get(Node, { name: nodeName }, { signal })
    if (!isConditionTrue(node.status.conditions, 'Ready')) return false
    if (node.status.nodeInfo?.machineID !== facts.machineID) return false
    if (sinceMs === undefined) return true
    const lease = await client.get(Lease, { namespace: 'kube-node-lease', name: nodeName }, { signal })
    // Whole seconds: the host's clock and ours may differ a little.
    return Date.parse(lease.spec.renewTime ?? '') + Math.abs(facts.clockSkewMs) + 1_000 >= sinceMs
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

/** What a node may not say about itself. */
async function label({ client, nodeName, host, signal }: StepContext): Promise<void> {
  const { labels = {}, roles = [] } = host.spec
  const all = { ...labels, ...Object.fromEntries(roles.map(role => [`node-role.kubernetes.io/${role}`, ''])) }
  if (Object.keys(all).length === 0) return
  await client.patch(Node, { name: nodeName }, { metadata: { labels: all } }, { type: 'merge', signal })
}
