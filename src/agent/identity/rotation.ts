// Renews the node's certificate after 70 to 80 % of its life, as the kubelet does, and keeps trying until it is there.
import type { Client } from '../../shared/client/client.ts'
import { type Clock, delay } from '../../shared/machinery/clock.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { AgentConfig } from '../config.ts'
import { currentCertificate, requestCertificate } from './certificate.ts'

export interface RotationOptions {
  readonly config: AgentConfig
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** 0 ≤ x < 1: spreads renewals, so that nodes that joined together do not ask together. */
  readonly random?: () => number
}

/** Looked at this often, whatever the clock has done meanwhile: a timer does not run while the machine sleeps. */
const CHECK_MS = 60_000

/** @returns milliseconds since the epoch */
export function renewalDue(certificate: { validFrom: string; validTo: string }, random: number): number {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
  return from + (to - from) * (0.7 + 0.1 * random)
}

/** Resolves with true when a new certificate is in place, with false when the signal aborted first. */
export async function rotateCertificate(options: RotationOptions): Promise<boolean> {
  const { config, client, clock, log, signal, random = Math.random } = options
  const spread = random()
  while (!signal.aborted) {
    const certificate = await currentCertificate(config, clock.now())
    if (!certificate || clock.now() >= renewalDue(certificate, spread)) {
      try {
        await requestCertificate(config, client, clock, signal)
        return true
      } catch (error) {
        log.warn({ error: String(error) }, 'the certificate of this node could not be renewed yet')
      }
    }
    await delay(clock, CHECK_MS, signal).catch(() => undefined) // aborted: the loop ends
  }
  return false
}
