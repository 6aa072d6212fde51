// Devices of ResourceClaims: their drivers make them ready before a pod's containers start, and take them back when no
// pod of this node uses the claim any more. What is made ready, and for whom, is on the disk before a driver is asked.
import { readFile } from 'node:fs/promises'
import type { Container, ContainerStatus, Pod } from '../../../shared/api/core/v1.ts'
import type { ResourceClaim } from '../../../shared/api/resource/v1.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { claimNameOf, isReservedFor, notMadeFor } from '../../../shared/machinery/resource-claims.ts'
import { InOrder } from '../../in-order.ts'
import { writeDurably } from './allocations.ts'
import type { ClaimReference, PreparedDevice } from './dra-api.ts'
import type { DraDrivers } from './dra-drivers.ts'

export interface ResourceClaimSource {
  /** @returns undefined when it does not exist @throws Error when it cannot be known */
  resourceClaim(namespace: string, name: string): Promise<ResourceClaim | undefined>
}

interface Claim extends ClaimReference {
  /** By driver; none before it has made them ready. */
  readonly devices: Readonly<Record<string, readonly PreparedDevice[]>>
  readonly drivers: readonly string[]
  /** Uids of pods. */
  readonly pods: readonly string[]
  readonly isPrepared: boolean
}

export interface PreparedClaimsOptions {
  /** Of the file. */
  readonly path: string
  readonly source: ResourceClaimSource
  readonly drivers: DraDrivers
  readonly log: Log
}

export interface ClaimDevices {
  readonly claim: ClaimReference
  readonly devices: readonly (PreparedDevice & { readonly driver: string })[]
}

export class PreparedClaims {
  readonly #options: PreparedClaimsOptions
  /** By namespace and name. */
  readonly #claims = new Map<string, Claim>()
  /** A claim that is taken back from its last pod is not one that the next pod has. */
  readonly #turns = new InOrder()
  #writing: Promise<void> = Promise.resolve()

  constructor(options: PreparedClaimsOptions) {
    this.#options = options
  }

  async load(): Promise<void> {
    const { path, log } = this.#options
    try {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '[]'
        throw error
      })
      for (const claim of JSON.parse(text) as Claim[]) this.#claims.set(keyOfClaim(claim), claim)
    } catch (error) {
      log.error({ error: String(error) }, 'which claims are made ready is not known any more')
    }
  }

  /** @throws Error with why a pod's devices are not ready, in upstream's words */
  async prepare(pod: Pod): Promise<void> {
    const { uid } = pod.metadata
    // Everything is looked at before anything is written down: a pod that never had a driver can always be deleted.
    const wanted = (await Promise.all(claimsOf(pod).map(each => this.#wanted(pod, each)))).filter(
      each => each !== undefined,
    )
    for (const driver of wanted.flatMap(({ drivers }) => drivers)) this.#options.drivers.require(driver)
    await this.#turns.run(wanted.map(keyOfClaim), () => this.#prepareNow(uid, wanted))
  }

  async #prepareNow(uid: string, wanted: readonly Claim[]): Promise<void> {
    for (const claim of wanted) {
      const known = this.#claims.get(keyOfClaim(claim))
      if (known && known.uid !== claim.uid)
        throw new Error(
          `old ResourceClaim with same name ${claim.name} and different UID ${known.uid} still exists (previous pod force-deleted?!)`,
        )
    }
    for (const claim of wanted) this.#change(claim, known => ({ pods: [...new Set([...known.pods, uid])] }))
    if (wanted.length > 0) await this.#save('checkpoint ResourceClaim cache')
    const missing = wanted.filter(claim => !this.#claims.get(keyOfClaim(claim))?.isPrepared)
    if (missing.length === 0) return
    for (const driver of new Set(missing.flatMap(({ drivers }) => drivers)))
      await this.#prepareWith(
        driver,
        missing.filter(({ drivers }) => drivers.includes(driver)),
      )
    for (const claim of missing) this.#change(claim, () => ({ isPrepared: true }))
    await this.#save('checkpoint ResourceClaim state')
  }

  async #wanted(pod: Pod, { name, isGenerated }: PodClaim): Promise<Claim | undefined> {
    let claim: ResourceClaim | undefined
    try {
      claim = await this.#options.source.resourceClaim(pod.metadata.namespace, name)
    } catch (error) {
      throw new Error(`fetch ResourceClaim ${name}: ${(error as Error).message}`, { cause: error })
    }
    if (!claim) throw new Error(`fetch ResourceClaim ${name}: resourceclaims.resource.k8s.io "${name}" not found`)
    const foreign = isGenerated ? notMadeFor(pod, claim) : undefined
    if (foreign !== undefined) throw new Error(foreign)
    const { uid, namespace } = claim.metadata
    if (!isReservedFor(claim, pod))
      throw new Error(
        `pod ${pod.metadata.name} (${pod.metadata.uid}) is not allowed to use ResourceClaim ${name} (${uid})`,
      )
    const results = claim.status.allocation?.devices?.results ?? []
    const drivers = [...new Set(results.map(({ driver }) => driver))]
    return drivers.length > 0 ? { namespace, name, uid, drivers, devices: {}, pods: [], isPrepared: false } : undefined
  }

  async #prepareWith(driver: string, claims: readonly Claim[]): Promise<void> {
    const answers = await failing('NodePrepareResources', this.#options.drivers.prepare(driver, claims.map(reference)))
    checkAnswers('NodePrepareResources', claims, answers)
    for (const claim of claims) {
      const devices = answers[claim.uid]?.devices ?? []
      this.#change(claim, known => ({ devices: { ...known.devices, [driver]: devices } }))
    }
  }

  /** Gives back what the pod alone used. @throws Error while a driver does not take it */
  async unprepare(uid: string): Promise<void> {
    const keys = this.#claimsOf(uid).map(keyOfClaim)
    if (keys.length > 0) await this.#turns.run(keys, () => this.#unprepareNow(uid))
  }

  #claimsOf(uid: string): Claim[] {
    return [...this.#claims.values()].filter(({ pods }) => pods.includes(uid))
  }

  async #unprepareNow(uid: string): Promise<void> {
    const of = this.#claimsOf(uid)
    if (of.length === 0) return
    const shared = of.filter(({ pods }) => pods.length > 1)
    const over = of.filter(claim => !shared.includes(claim))
    for (const claim of shared) this.#change(claim, ({ pods }) => ({ pods: pods.filter(other => other !== uid) }))
    for (const driver of new Set(over.flatMap(({ drivers }) => drivers))) {
      const claims = over.filter(({ drivers }) => drivers.includes(driver))
      const asked = this.#options.drivers.unprepare(driver, claims.map(reference))
      checkAnswers('NodeUnprepareResources', claims, await failing('NodeUnprepareResources', asked))
    }
    for (const claim of over) this.#claims.delete(keyOfClaim(claim))
    await this.#save('checkpoint ResourceClaim state')
  }

  /** Gives back what pods had that went while nobody looked. */
  async reconcile(isActive: (pod: string) => boolean): Promise<void> {
    const gone = new Set([...this.#claims.values()].flatMap(({ pods }) => pods).filter(uid => !isActive(uid)))
    for (const uid of gone)
      await this.unprepare(uid).catch((error: unknown) =>
        this.#options.log.warn({ uid, error: String(error) }, 'devices of a pod that is gone not given back yet'),
      )
  }

  #change(claim: Claim, change: (known: Claim) => Partial<Claim>): void {
    const key = keyOfClaim(claim)
    const known = this.#claims.get(key) ?? claim
    this.#claims.set(key, { ...known, ...change(known) })
  }

  #save(what: string): Promise<void> {
    const saved = this.#writing.then(() => writeDurably(this.#options.path, JSON.stringify([...this.#claims.values()])))
    this.#writing = saved.catch(() => undefined) // told to who waits for it
    return saved.catch((error: Error) => {
      throw new Error(`${what}: ${error.message}`, { cause: error })
    })
  }

  /** @returns what a container has of its pod's claims, of each of its requests */
  #uses(
    pod: Pod,
    container: Container,
  ): { readonly name: string; readonly request: string; readonly of: ClaimDevices }[] {
    const { namespace } = pod.metadata
    const own = (container.resources?.claims ?? []).flatMap(({ name, request = '' }) => {
      const named = claimsOf(pod, { lenient: true }).find(({ podClaim }) => podClaim === name)
      return named ? [{ name, request, claim: named.name }] : []
    })
    const extended = pod.status.extendedResourceClaimStatus
    const ofScheduler = (extended?.requestMappings ?? [])
      .filter(({ containerName }) => containerName === container.name)
      .map(({ requestName }) => ({ name: '', request: requestName, claim: extended?.resourceClaimName ?? '' }))
    return [...own, ...ofScheduler].flatMap(({ name, request, claim: claimName }) => {
      const claim = this.#claims.get(keyOf(namespace, claimName))
      if (!claim) return []
      const base = request.split('/')[0] ?? ''
      const devices = Object.entries(claim.devices).flatMap(([driver, all]) =>
        all
          .filter(({ requestNames }) => base === '' || requestNames.length === 0 || requestNames.includes(base))
          .map(device => ({ ...device, driver })),
      )
      return [{ name, request, of: { claim: reference(claim), devices } }]
    })
  }

  /** @returns names of CDI devices */
  cdiDevices(pod: Pod, container: Container): string[] {
    return this.#uses(pod, container).flatMap(({ of }) => of.devices.flatMap(({ cdiDeviceIDs }) => cdiDeviceIDs))
  }

  devicesOf(pod: Pod, container: Container): ClaimDevices[] {
    return this.#uses(pod, container).map(({ of }) => of)
  }

  /** @returns uids of pods that have devices of this driver */
  podsWith(driver: string): Set<string> {
    return new Set(
      [...this.#claims.values()].filter(({ drivers }) => drivers.includes(driver)).flatMap(({ pods }) => pods),
    )
  }

  /** Tells how the devices are that containers have. */
  withHealth(pod: Pod, statuses: readonly ContainerStatus[]): ContainerStatus[] {
    return statuses.map(status => {
      const container = pod.spec.containers.find(({ name }) => name === status.name)
      const uses = container
        ? this.#uses(pod, container).filter(({ name, of }) => name !== '' && of.devices.length > 0)
        : []
      if (uses.length === 0) return status
      const told = uses.map(({ name, request, of }) => ({
        name: request === '' ? `claim:${name}` : `claim:${name}/${request}`,
        resources: unique(of.devices.map(device => this.#healthOf(device))),
      }))
      return { ...status, allocatedResourcesStatus: [...(status.allocatedResourcesStatus ?? []), ...told] }
    })
  }

  #healthOf({ driver, poolName, deviceName, cdiDeviceIDs }: ClaimDevices['devices'][number]) {
    const resourceID = cdiDeviceIDs[0] ?? `${driver}/${poolName}/${deviceName}`
    return { resourceID, ...this.#options.drivers.healthOf(driver, poolName, deviceName) }
  }
}

const unique = <T extends { readonly resourceID: string }>(all: readonly T[]): T[] => [
  ...new Map(all.toReversed().map(each => [each.resourceID, each])).values(),
].toReversed() // prettier-ignore

interface PodClaim {
  /** As the pod calls it; '' for the one that the scheduler made. */
  readonly podClaim: string
  readonly name: string
  readonly isGenerated: boolean
}

/** @throws Error for one that is still to be made, unless that does not matter */
function claimsOf(pod: Pod, { lenient = false } = {}): PodClaim[] {
  const claims = (pod.spec.resourceClaims ?? []).flatMap((claim): PodClaim[] => {
    const named = claimNameOf(pod, claim)
    if ('problem' in named) {
      if (lenient) return []
      throw new Error(named.problem)
    }
    return named.name === undefined ? [] : [{ podClaim: claim.name, name: named.name, isGenerated: named.generated }]
  })
  const extended = pod.status.extendedResourceClaimStatus?.resourceClaimName
  return extended === undefined ? claims : [...claims, { podClaim: '', name: extended, isGenerated: false }]
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`
const keyOfClaim = ({ namespace, name }: ClaimReference): string => keyOf(namespace, name)
const reference = ({ namespace, uid, name }: ClaimReference): ClaimReference => ({ namespace, uid, name })

async function failing<T>(what: string, asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    const { message } = error as Error
    throw new Error(message.startsWith('DRA driver') ? message : `${what}: ${message}`, { cause: error })
  }
}

function checkAnswers(
  what: string,
  claims: readonly ClaimReference[],
  answers: Readonly<Record<string, { readonly error: string }>>,
): void {
  for (const [uid, { error }] of Object.entries(answers)) {
    const claim = claims.find(each => each.uid === uid)
    if (!claim) throw new Error(`${what} returned result for unknown claim UID ${uid}`)
    if (error !== '') throw new Error(`${what} failed for ResourceClaim ${claim.name}: ${error}`)
  }
  const unfinished = claims.length - Object.keys(answers).length
  if (unfinished !== 0) throw new Error(`${what} skipped ${unfinished} ResourceClaims`)
}
