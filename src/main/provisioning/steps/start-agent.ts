// Starts the agent and waits until its node is Ready. The first time it gets a token to ask for its certificate with.
import { Node, type NodeCondition } from '../../../shared/api/core/v1.ts'
import { delay } from '../../../shared/machinery/clock.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { SshError } from '../ssh/contract.ts'
import { say } from '../say.ts'
import { issueBootstrapToken } from './bootstrap-token.ts'
import { isConfigured } from './configure.ts'
import { type ContextWithoutProgress, type Step, type StepContext, asRoot } from './contract.ts'

const READY_TIMEOUT_MS = 120_000
const POLL_MS = 200
const STOP = 'systemctl stop flotilla-agent.service 2>/dev/null || true'
const LOOK_MS = 4_000
export const MOST_RESTARTS = 3

export const START_AGENT = `
set -e
umask 077
cat > /etc/flotilla/bootstrap-token
systemctl enable flotilla-agent.service
systemctl restart flotilla-agent.service
`
const FORGET_TOKEN = 'rm -f /etc/flotilla/bootstrap-token'
/** systemd goes on counting restarts of a unit that was stopped between two of them. */
export const COUNT_ANEW = 'systemctl reset-failed flotilla-agent.service </dev/null 2>/dev/null || true\n'
export const RESTARTS = 'systemctl show -p NRestarts --value flotilla-agent.service'
/** What the agent itself said; systemd's lines about the unit only where it said nothing. */
export const JOURNAL = `
own=$(journalctl _SYSTEMD_UNIT=flotilla-agent.service -n 4 --no-pager -q -o cat)
if [ -n "$own" ]; then printf '%s\\n' "$own"; else journalctl -u flotilla-agent.service -n 4 --no-pager -q -o cat; fi
`

const AT_BOOT = 'systemctl enable flotilla-agent.service </dev/null'

export const startAgent: Step = {
  name: 'start-agent',
  async plan(context) {
    if (await works(context)) {
      const labels = await missingLabels(context)
      return [
        ...(context.facts.flotilla.did.has('boot') ? [] : [say('have the agent start at every boot')]),
        ...(labels.length > 0
          ? [say('label the node: {labels}', { labels: labels.map(pair => pair.join('=')).join(', ') })]
          : []),
      ]
    }
    return [
      say("forward port {port} of the host's loopback to the API server", { port: context.apiPort }),
      say('start the agent, now and at every boot; it gets a certificate of its own with a token that works once'),
    ]
  },
  async apply(context) {
    const { client, clock, nodeName, host, progress } = context
    if (await works(context)) return void (await Promise.all([asRoot(context, 'enabling the agent', AT_BOOT), label(context)])) // prettier-ignore
    await context.openLink()
    const { token, revoke } = await issueBootstrapToken(client, clock, `host ${host.metadata.name} joins`)
    try {
      progress.output(`waiting for the node ${nodeName}\n`)
      await startUntilReady(context, 'starting the agent', START_AGENT, `${token}\n`)
      await Promise.all([asRoot(context, 'forgetting the token', FORGET_TOKEN), label(context)])
    } finally {
      await revoke()
    }
  },
}

/**
 * Runs a script that starts the agent, and waits until the node is Ready with it: only a Ready counts that was said after
 * the agent before had ended. What that one said stands while the new one starts, and its Lease is renewed by then.
 * @throws SshError with what the agent logged, when it does not come up or keeps ending
 */
export async function startUntilReady(
  context: StepContext,
  what: string,
  script: string,
  input?: string | Buffer,
): Promise<void> {
  // Where none ever had an identity, none has sent a heartbeat.
  if (context.facts.flotilla.did.has('identity')) await asRoot(context, 'stopping the agent', STOP)
  const saidBefore = (await readyOf(context))?.lastHeartbeatTime
  await asRoot(context, what, COUNT_ANEW + script, input)
  const { clock, signal, nodeName } = context
  const startedMs = clock.monotonic()
  let lookedMs = startedMs
  const isReadyAnew = ({ status, lastHeartbeatTime }: NodeCondition) =>
    status === 'True' && lastHeartbeatTime !== saidBefore
  for (let said = await readyOf(context); !said || !isReadyAnew(said); said = await readyOf(context)) {
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
  const lines = log.trim().split('\n').join(' · ')
  return new SshError('CommandFailed', `${what}. It logged: ${lines || 'nothing'}`)
}

/** @returns the node of this very machine; undefined while there is none */
async function nodeOf({ client, nodeName, facts, signal }: ContextWithoutProgress): Promise<Node | undefined> {
  const node = await client.get(Node, { name: nodeName }, { signal }).catch(ifFound)
  return node?.status.nodeInfo?.machineID === facts.machineID ? node : undefined
}

/** @returns what is said of it */
const readyOf = async (context: ContextWithoutProgress): Promise<NodeCondition | undefined> =>
  (await nodeOf(context))?.status.conditions?.find(({ type }) => type === 'Ready')

/** As it was when somebody looked at the host. */
const works = async (context: ContextWithoutProgress): Promise<boolean> =>
  context.facts.active.has('flotilla-agent') &&
  (await isConfigured(context)) &&
  (await readyOf(context))?.status === 'True'

function ifFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}

const labelsOf = ({ host: { spec } }: ContextWithoutProgress): [key: string, value: string][] => [
  ...Object.entries(spec.labels ?? {}),
  ...(spec.roles ?? []).map((role): [string, string] => [`node-role.kubernetes.io/${role}`, '']),
]

/** Those that the host was given after it had joined, or that somebody took away. */
async function missingLabels(context: ContextWithoutProgress): Promise<[key: string, value: string][]> {
  const has = (await nodeOf(context))?.metadata.labels ?? {}
  return labelsOf(context).filter(([key, value]) => has[key] !== value)
}

/** What a node may not say about itself. */
async function label(context: StepContext): Promise<void> {
  const labels = Object.fromEntries(labelsOf(context))
  if (Object.keys(labels).length === 0) return
  const { client, nodeName, signal } = context
  await client.patch(Node, { name: nodeName }, { metadata: { labels } }, { type: 'merge', signal })
}
