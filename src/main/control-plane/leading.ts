// What only one of several control planes does at a time: each part is led by whoever holds its Lease.
import type { Client } from '../../shared/client/client.ts'
import { runLeaderElection } from '../../shared/client/leader-election.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'

/** A killed leader is replaced within thirteen seconds, and one that cannot renew has stepped down before that. */
const TERMS = { leaseMs: 10_000, renewDeadlineMs: 7_000, retryMs: 1_500 } as const

export interface LedPart {
  /** Of the Lease in kube-system, as upstream names it. */
  readonly name: string
  /** Whose client renews the Lease. */
  readonly client: Client
  readonly start: () => AsyncDisposable | Promise<AsyncDisposable>
}

export interface LeadingOptions {
  readonly parts: readonly LedPart[]
  /** Unique among the control planes. */
  readonly identity: string
  readonly clock: Clock
  readonly log: Log
}

/** Takes part in the elections until it is disposed of; what this process leads ends with it. */
export function takeTurns({ parts, identity, clock, log }: LeadingOptions): AsyncDisposable {
  const end = new AbortController()
  const elections = parts.map(({ name, client, start }) =>
    runLeaderElection(
      {
        client,
        clock,
        namespace: 'kube-system',
        name,
        identity,
        ...TERMS,
        async lead(signal) {
          log.info({ lease: name, identity }, 'leading')
          await using _part = await start()
          await aborted(signal)
          log.info({ lease: name, identity }, 'leading no longer')
        },
      },
      end.signal,
    ),
  )
  return {
    async [Symbol.asyncDispose]() {
      end.abort(new Error('the control plane stops'))
      await Promise.all(elections)
    },
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
