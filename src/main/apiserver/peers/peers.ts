// The API servers of a cluster know of each other: each renews a Lease, and each sees to it that the `kubernetes` Service
// names those that are alive, and no others; nodes are told of them too. One that ends takes itself out; one that dies is taken out by the others.
import { createHash, randomUUID } from 'node:crypto'
import { Lease } from '../../../shared/api/coordination/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import {
  ENDPOINT_ANNOTATION,
  IDENTITY_LABEL,
  IDENTITY_NAMESPACE,
  IDENTITY_SELECTOR,
  IDENTITY_VALUE,
  MASTER_KEY_ANNOTATION,
  SERVERS_ANNOTATION,
  urlsOf,
} from '../../../shared/machinery/api-server-identity.ts'
import { type Clock, delay, formatMicroTime } from '../../../shared/machinery/clock.ts'
import { familyOf } from '../../../shared/machinery/ip-address.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../../shared/machinery/status.ts'
import { type ApiEndpoint, endpointText, parseEndpoint, writeEndpoints, writtenEndpoints } from './kubernetes-endpoints.ts' // prettier-ignore
import type { ClusterInfo } from '../bootstrap/cluster-info.ts'
import { Silence } from './silence.ts'
import { tellJoiners, tellNodes } from './told-places.ts'

const RENEW_MS = 10_000
/** Between two looks at the others. */
export const LOOK_MS = 5_000
/** A server that was not heard of for so long is not sent to any more. */
const TTL_MS = 15_000
/** Its Lease is kept for longer: people ask what was there. */
const LEASE_SECONDS = 3_600
/** When others write the same at the same time. */
const MOST_TRIES = 10

export interface PeersOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly hostname: string
  /** What tells this server from others of the same host, also after a restart. */
  readonly place: string
  /** Where pods reach this one; asked again at each look, since addresses change. */
  readonly endpoint: () => ApiEndpoint
  /** URLs under which clients reach this one. */
  readonly urls: () => readonly string[]
  /** What those are told who are about to join, if they are told of this one. */
  readonly clusterInfo: ClusterInfo
  /** Which key or passphrase of the store this one was told. */
  readonly masterKey: () => string | undefined
  /** Address of the `kubernetes` Service. */
  readonly serviceIP: string
  /** Nobody else can write to the store: Leases of others are of those that were here before. */
  readonly isAlone: boolean
}

/** `apiserver-` and 26 letters and digits, as upstream's; theirs is of the host's name alone. */
export const identityName = (hostname: string, place: string): string =>
  `apiserver-${base32(createHash('sha256').update(`${hostname}\0${place}`).digest().subarray(0, 16))}`

/** Machines may be called what no label may say. */
const labelOf = (hostname: string): string =>
  hostname
    .slice(0, 63)
    .replace(/[^\w.-]/g, '-')
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')

function base32(bytes: Buffer): string {
  const bits = [...bytes].map(byte => byte.toString(2).padStart(8, '0')).join('')
  const letters = bits.match(/.{1,5}/g) ?? []
  return letters.map(five => 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(five.padEnd(5, '0'), 2)]).join('')
}

interface Place {
  readonly endpoint: ApiEndpoint
  readonly urls: readonly string[]
}

export class Peers implements AsyncDisposable {
  readonly name: string
  readonly #options: PeersOptions
  readonly #holder: string
  readonly #silence = new Silence(TTL_MS, 2 * LOOK_MS)
  readonly #end = new AbortController()
  #renewedAt: number | undefined
  #areNodesTold = false
  #looking: Promise<void> = Promise.resolve()

  constructor(options: PeersOptions) {
    this.#options = options
    this.name = identityName(options.hostname, options.place)
    this.#holder = `${this.name}_${randomUUID()}`
  }

  /** Resolves when this server is told of. */
  async start(): Promise<void> {
    await unlessOvertaken(() => this.look())
    this.#looking = this.#keepLooking()
  }

  /** Renews the own Lease when it is time, and writes down who is alive. */
  async look(): Promise<void> {
    const { client, clock, endpoint, urls } = this.#options
    const { items } = await client.list(Lease, { namespace: IDENTITY_NAMESPACE, labelSelector: IDENTITY_SELECTOR })
    this.#silence.look(items, clock.monotonic())
    await this.#renew(items.find(({ metadata }) => metadata.name === this.name))
    await this.#write([{ endpoint: endpoint(), urls: urls() }], items)
    for (const lease of items) if (this.#isOver(lease)) await this.#collect(lease)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#looking
    await unlessOvertaken(() => this.#leave()).catch((error: unknown) =>
      this.#complain(error, 'this API server could not take itself out'),
    )
  }

  async #keepLooking(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#end
    for (;;) {
      await delay(clock, LOOK_MS, signal).catch(() => undefined) // aborted: the loop ends
      if (signal.aborted) return
      await unlessOvertaken(() => this.look()).catch((error: unknown) =>
        this.#complain(error, 'the other API servers could not be looked at'),
      )
    }
  }

  async #renew(own: Lease | undefined): Promise<void> {
    const { client, clock, hostname, endpoint, urls, masterKey } = this.#options
    const dueInMs = (this.#renewedAt ?? -Infinity) + RENEW_MS - clock.monotonic()
    if (own && dueInMs > 0) return
    const key = masterKey()
    const annotations = {
      [ENDPOINT_ANNOTATION]: endpointText(endpoint()),
      [SERVERS_ANNOTATION]: JSON.stringify(urls()),
      ...(key === undefined ? {} : { [MASTER_KEY_ANNOTATION]: key }),
    }
    const labels = { [IDENTITY_LABEL]: IDENTITY_VALUE, 'kubernetes.io/hostname': labelOf(hostname) }
    const spec = {
      holderIdentity: this.#holder,
      leaseDurationSeconds: LEASE_SECONDS,
      renewTime: formatMicroTime(clock.now()),
    }
    if (own) await client.update(Lease, { ...own, metadata: { ...own.metadata, labels, annotations }, spec })
    else await client.create(Lease, { metadata: { namespace: IDENTITY_NAMESPACE, name: this.name, labels, annotations }, spec }) // prettier-ignore
    this.#renewedAt = clock.monotonic()
  }

  /** Those of whom it is not known yet stay as they are written down: somebody else knows. */
  async #write(own: readonly Place[], leases: readonly Lease[]): Promise<void> {
    const { client, serviceIP, clusterInfo, isAlone } = this.#options
    const others = isAlone ? [] : leases.filter(({ metadata }) => metadata.name !== this.name)
    const states = others.map(lease => ({
      endpoint: parseEndpoint(lease.metadata.annotations?.[ENDPOINT_ANNOTATION]),
      urls: urlsOf(lease),
      state: this.#silence.of(lease),
    }))
    const isUnsure = states.some(({ state }) => state === 'unknown')
    const written = new Set(isUnsure ? (await writtenEndpoints(client)).map(endpointText) : [])
    const living = states.flatMap(({ endpoint, urls, state }) =>
      endpoint && (state === 'alive' || (state === 'unknown' && written.has(endpointText(endpoint))))
        ? [{ endpoint, urls }]
        : [],
    )
    const all = [...own, ...living]
    // The last one stays: nobody is left who could be asked.
    if (all.length === 0) return
    await writeEndpoints(client, all.map(({ endpoint }) => endpoint), familyOf(serviceIP)) // prettier-ignore
    const urls = all.flatMap(each => each.urls)
    // While there is one alone nobody else writes what nodes are told.
    if (!isAlone || !this.#areNodesTold) await tellNodes(client, isAlone ? undefined : urls)
    this.#areNodesTold = true
    if (own.length > 0) await tellJoiners(client, clusterInfo, urls)
  }

  /** Gone for an hour. */
  #isOver(lease: Lease): boolean {
    const { metadata, spec } = lease
    if (metadata.name === this.name) return false
    if (this.#options.isAlone) return true
    const endsAt = Date.parse(spec.renewTime ?? '1970-01-01') + (spec.leaseDurationSeconds ?? 0) * 1000
    return endsAt <= this.#options.clock.now() && this.#silence.of(lease) === 'dead'
  }

  async #collect({ metadata: { namespace, name, uid, resourceVersion } }: Lease): Promise<void> {
    // With the revision: one that has come back meanwhile stays.
    const preconditions = { uid, resourceVersion }
    await this.#options.client.delete(Lease, { namespace, name }, { preconditions }).catch((error: unknown) => {
      if (!isNotFound(error) && !isConflict(error)) throw error
    })
  }

  async #leave(): Promise<void> {
    const { client, clock } = this.#options
    const { items } = await client.list(Lease, { namespace: IDENTITY_NAMESPACE, labelSelector: IDENTITY_SELECTOR })
    this.#silence.look(items, clock.monotonic())
    const own = items.find(({ metadata }) => metadata.name === this.name)
    if (own) await client.update(Lease, { ...own, spec: { ...own.spec, holderIdentity: '' } })
    await this.#write([], items)
  }

  #complain(error: unknown, what: string): void {
    this.#options.log.warn({ err: error }, what)
  }
}

/** Again from the read, when another API server was first; what is still not written then, the next look writes. */
async function unlessOvertaken(attempt: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++)
    try {
      return await attempt()
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error) && !isNotFound(error)) throw error
      if (tries === MOST_TRIES) return
    }
}
