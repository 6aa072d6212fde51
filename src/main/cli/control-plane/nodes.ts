// What the nodes do while the control plane moves: they are told the new addresses before, and come after it by
// themselves.
import { ConfigMap, Node } from '../../../shared/api/core/v1.ts'
import { Lease } from '../../../shared/api/coordination/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { API_SERVERS, KNOWN_API_SERVERS } from '../../../shared/machinery/api-servers.ts'
import { delay } from '../../../shared/machinery/clock.ts'
import { isConditionTrue } from '../../../shared/machinery/conditions.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { patientClock } from '../patient-clock.ts'
import { CommandError } from '../../process/usage-error.ts'

const TOLD_WITHIN_MS = 30_000
const FOLLOWED_WITHIN_MS = 90_000
const POLL_MS = 300

/**
 * Tells every node where the API server will be, and waits until those that are Ready know.
 * @throws CommandError with the names of those that do not
 */
export async function tellNodes(client: Client, servers: readonly string[]): Promise<void> {
  const text = JSON.stringify(servers)
  const data = { servers: text }
  await client.patch(ConfigMap, API_SERVERS, { data }, { type: 'merge' }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error
    return client.create(ConfigMap, { metadata: API_SERVERS, data })
  })
  const unaware = async () =>
    (await client.list(Node)).items
      .filter(({ status }) => isConditionTrue(status.conditions, 'Ready'))
      .filter(({ metadata }) => metadata.annotations?.[KNOWN_API_SERVERS] !== text)
      .map(({ metadata }) => metadata.name)
  const names = await untilNone(unaware, TOLD_WITHIN_MS)
  if (names.length > 0)
    throw new CommandError(
      `${names.join(', ')}: not aware of the new address within ${TOLD_WITHIN_MS / 1000} s; nothing was moved. Agents of ` +
        'an older version do not follow: flotilla node upgrade',
    )
}

/** Waits for a heartbeat of every node that is not known to be away. @returns the names of those that did not come */
export async function awaitNodes(client: Client): Promise<string[]> {
  const heartbeats = async () =>
    new Map(
      (await client.list(Lease, { namespace: 'kube-node-lease' })).items.map(({ metadata, spec }) => [
        metadata.name,
        spec.renewTime,
      ]),
    )
  const ready = async () =>
    (await client.list(Node)).items
      .filter(({ status }) => isConditionTrue(status.conditions, 'Ready'))
      .map(({ metadata }) => metadata.name)
  let expected: string[] | undefined
  let before: Awaited<ReturnType<typeof heartbeats>> | undefined
  return untilNone(async () => {
    try {
      expected ??= await ready()
      before ??= await heartbeats()
      const now = await heartbeats()
      return expected.filter(name => now.get(name) === before?.get(name))
    } catch (error) {
      // A server that has only begun may keep somebody waiting too long.
      return expected ?? [`the API server (${(error as Error).message})`]
    }
  }, FOLLOWED_WITHIN_MS)
}

async function untilNone(look: () => Promise<string[]>, timeoutMs: number): Promise<string[]> {
  const startedMs = patientClock.monotonic()
  for (;;) {
    const names = await look()
    if (names.length === 0 || patientClock.monotonic() - startedMs > timeoutMs) return names
    await delay(patientClock, POLL_MS)
  }
}
