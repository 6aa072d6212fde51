// Leader election on a Lease: of several processes with the same lease exactly one leads.
import { Lease, type LeaseSpec } from '../api/coordination/v1.ts'
import { type Clock, delay, formatMicroTime } from '../machinery/clock.ts'
import { isNotFound } from '../machinery/status.ts'
import type { Client } from './client.ts'

export interface LeaderElectionOptions {
  readonly client: Client
  readonly clock: Clock
  readonly namespace: string
  /** Name of the Lease. */
  readonly name: string
  /** Unique among the candidates. */
  readonly identity: string
  /** How long a silent leader is trusted; default 15 s. */
  readonly leaseMs?: number
  /** How long the leader tries to renew before it steps down; default 10 s. */
  readonly renewDeadlineMs?: number
  /** Between two attempts; default 2 s. */
  readonly retryMs?: number
  /** Leads until its signal aborts: by losing the lease or by the end of the election. */
  readonly lead: (signal: AbortSignal) => Promise<void>
}

interface Observation {
  readonly renewals: string
  readonly at: number
}

/** Takes part in the election until the signal aborts, then releases the lease if it was held. */
export async function runLeaderElection(options: LeaderElectionOptions, signal: AbortSignal): Promise<void> {
  const { client, clock, namespace, name, identity, lead } = options
  const { leaseMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000 } = options
  let seen: Observation | undefined

  /** Others' clocks are not trusted: what counts is how long *we* have seen no renewal. */
  const expired = ({ holderIdentity, renewTime, leaseTransitions }: LeaseSpec): boolean => {
    const renewals = JSON.stringify([holderIdentity, renewTime, leaseTransitions])
    if (seen?.renewals !== renewals) seen = { renewals, at: clock.monotonic() }
    return !holderIdentity || clock.monotonic() - seen.at > leaseMs
  }

  async function acquireOrRenew(): Promise<boolean> {
    const now = formatMicroTime(clock.now())
    const lease = await client.get(Lease, { namespace, name }, { signal }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
    const held = { holderIdentity: identity, leaseDurationSeconds: Math.round(leaseMs / 1000), renewTime: now }
    if (!lease) {
      const spec = { ...held, acquireTime: now, leaseTransitions: 0 }
      await client.create(Lease, { metadata: { namespace, name }, spec }, { signal })
      return true
    }
    const mine = lease.spec.holderIdentity === identity
    if (!mine && !expired(lease.spec)) return false
    const transitions = lease.spec.leaseTransitions ?? 0
    const spec = mine
      ? { ...lease.spec, ...held }
      : { ...lease.spec, ...held, acquireTime: now, leaseTransitions: transitions + 1 }
    await client.update(Lease, { ...lease, spec }, { signal })
    return true
  }

  const attempt = (): Promise<boolean> => acquireOrRenew().catch(() => false) // lost the race or no answer: as if held

  while (!signal.aborted) {
    if (await attempt()) await leadWhileRenewing()
    await delay(clock, retryMs, signal).catch(() => undefined) // aborted: the loop ends
  }

  async function leadWhileRenewing(): Promise<void> {
    const term = new AbortController()
    const endTerm = () => term.abort(signal.reason)
    signal.addEventListener('abort', endTerm, { once: true })
    const leading = lead(term.signal).finally(() => term.abort(new Error('the leader resigned')))
    let renewedAt = clock.monotonic()
    while (!term.signal.aborted) {
      await delay(clock, retryMs, term.signal).catch(() => undefined) // aborted: the loop ends
      if (term.signal.aborted) break
      if (await attempt()) renewedAt = clock.monotonic()
      else if (clock.monotonic() - renewedAt > renewDeadlineMs) term.abort(new Error('the lease was lost'))
    }
    signal.removeEventListener('abort', endTerm)
    await leading
    await release()
  }

  /** Lets the next candidate start at once instead of waiting for the lease to run out. */
  async function release(): Promise<void> {
    try {
      const lease = await client.get(Lease, { namespace, name })
      if (lease.spec.holderIdentity !== identity) return
      const now = formatMicroTime(clock.now())
      const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now }
      await client.update(Lease, { ...lease, spec })
    } catch {
      // Not released: it runs out by itself.
    }
  }
}
