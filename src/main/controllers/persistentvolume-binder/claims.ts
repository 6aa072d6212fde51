// persistentvolume-binder, the claims' side: finds a volume for each claim, or asks a provisioner to make one.
// @see https://kubernetes.io/docs/concepts/storage/persistent-volumes/#lifecycle-of-a-volume-and-claim
import { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../shared/api/core/v1.ts'
import { StorageClass } from '../../../shared/api/storage/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
  read,
} from '../../../shared/client/reconciler.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import {
  BETA_STORAGE_PROVISIONER,
  BOUND_BY_CONTROLLER,
  NO_PROVISIONER,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  findVolume,
  isFullyBound,
  isReservedFor,
  mismatch,
  storageClassOf,
  waitsForConsumer,
} from '../../../shared/machinery/volume-claims.ts'
import { writeStatus } from '../support/write-status.ts'
import { bindClaim, claimVolume, setVolumePhase } from './bind.ts'
import { defaultStorageClass } from './default-class.ts'
import { claimsByVolume, keyOf, unboundByClass, volumesByClaim, volumesByClass, waitingPodsByClaim } from './indexes.ts'

type Context = ControllerContext

const unbound = ({ lister }: Context, className: string): ObjectRef[] =>
  lister(PersistentVolumeClaim)
    .by(unboundByClass, className)
    .map(({ metadata }) => metadata)

export class ClaimBinder implements Reconciler<PersistentVolumeClaim> {
  readonly name = 'persistentvolume-binder'
  readonly identity = 'persistent-volume-binder'
  readonly eventSource = 'persistentvolume-controller'
  readonly type = PersistentVolumeClaim
  readonly watches = [
    own(PersistentVolumeClaim),
    mapped(PersistentVolume, ({ object }, context) => {
      const { claimRef } = object.spec
      const bound = context.lister(PersistentVolumeClaim).by(claimsByVolume, object.metadata.name)
      return [
        ...bound.map(({ metadata }) => metadata),
        ...(claimRef?.name ? [{ namespace: claimRef.namespace ?? '', name: claimRef.name }] : []),
        ...(claimRef ? [] : unbound(context, storageClassOf(object))),
      ]
    }),
    // A class that appears may also be the new default, for claims that name none.
    mapped(StorageClass, ({ type, object }, context) =>
      type === 'deleted' ? [] : [...unbound(context, object.metadata.name), ...unbound(context, '')],
    ),
    read(Pod),
  ]
  /** One at a time, so that two claims do not take turns in losing the same volume. */
  readonly workers = 1
  /** Claim uid → the volume given to it, until the cache shows it. */
  readonly #given = new Map<string, PersistentVolume>()

  async reconcile(claim: PersistentVolumeClaim, context: Context): Promise<Result> {
    if (isFullyBound(claim) || claim.status.phase === 'Lost') {
      this.#given.delete(claim.metadata.uid)
      await this.#checkBound(claim, context)
    } else if (!claim.metadata.deletionTimestamp) {
      await (claim.spec.volumeName ? this.#bindNamed(claim, context) : this.#find(claim, context))
    }
    return done
  }

  async #bind(volume: PersistentVolume, claim: PersistentVolumeClaim, context: Context): Promise<void> {
    try {
      const claimed = await claimVolume(context, volume, claim)
      this.#given.set(claim.metadata.uid, claimed)
      await bindClaim(context, claim, await setVolumePhase(context, claimed, 'Bound'))
    } catch (error) {
      // The volume went meanwhile: another has to be found.
      if (isNotFound(error)) this.#given.delete(claim.metadata.uid)
      throw error
    }
  }

  async #find(given: PersistentVolumeClaim, context: Context): Promise<void> {
    const claim = await this.#withDefaultClass(given, context)
    const className = storageClassOf(claim)
    const storageClass = className ? context.lister(StorageClass).get({ name: className }) : undefined
    const delayed = waitsForConsumer(storageClass) && claim.metadata.annotations?.[SELECTED_NODE] === undefined
    const volumes = context.lister(PersistentVolume)
    const reserved = volumes.by(volumesByClaim, keyOf(claim.metadata))
    const candidates = delayed ? reserved : [...reserved, ...volumes.by(volumesByClass, className)]
    const volume = this.#given.get(claim.metadata.uid) ?? findVolume(claim, candidates, { reservedOnly: delayed })
    if (volume) return this.#bind(volume, claim, context)
    if (delayed) this.#tellWaiting(claim, context)
    else if (className) return this.#provision(claim, className, storageClass, context)
    else
      context.events.event(
        claim,
        'Normal',
        'FailedBinding',
        'no persistent volumes available for this claim and no storage class is set',
      )
    await this.#pending(claim, context)
  }

  /** A claim that was made before there was a default class gets the one that there is now. */
  async #withDefaultClass(claim: PersistentVolumeClaim, context: Context): Promise<PersistentVolumeClaim> {
    if (claim.spec.storageClassName !== undefined || storageClassOf(claim)) return claim
    const found = defaultStorageClass(context.lister(StorageClass).list())
    if (!found) return claim
    const spec = { ...claim.spec, storageClassName: found.metadata.name }
    return context.client.update(PersistentVolumeClaim, { ...claim, spec }, { signal: context.signal })
  }

  #tellWaiting(claim: PersistentVolumeClaim, { lister, events }: Context): void {
    const pods = lister(Pod)
      .by(waitingPodsByClaim, keyOf(claim.metadata))
      .map(({ metadata }) => metadata.name)
    if (pods.length === 0)
      events.event(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding')
    else {
      const who = pods.length > 1 ? `pods ${pods.join(',')}` : `pod ${pods.join()}`
      events.event(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${who} to be scheduled`)
    }
  }

  /** Says whose turn it is; the provisioner watches for its own name. */
  async #provision(
    claim: PersistentVolumeClaim,
    className: string,
    storageClass: StorageClass | undefined,
    context: Context,
  ): Promise<void> {
    const refuse = (why: string) => context.events.event(claim, 'Warning', 'ProvisioningFailed', why)
    if (!storageClass) refuse(`storageclass.storage.k8s.io "${className}" not found`)
    else if (storageClass.provisioner === NO_PROVISIONER)
      context.events.event(
        claim,
        'Normal',
        'FailedBinding',
        'no persistent volumes available for this claim and no storage class is set',
      )
    else {
      const { provisioner } = storageClass
      const { annotations } = claim.metadata
      const wanted = { [STORAGE_PROVISIONER]: provisioner, [BETA_STORAGE_PROVISIONER]: provisioner }
      let current = claim
      if (annotations?.[STORAGE_PROVISIONER] !== provisioner) {
        const metadata = { ...claim.metadata, annotations: { ...annotations, ...wanted } }
        current = await context.client.update(PersistentVolumeClaim, { ...claim, metadata }, { signal: context.signal })
      }
      context.events.event(
        claim,
        'Normal',
        'ExternalProvisioning',
        `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the ` +
          'system administrator. If volume creation is delayed, please verify that the provisioner is running and ' +
          'correctly registered.',
      )
      return this.#pending(current, context)
    }
    await this.#pending(claim, context)
  }

  /** The user asks for a volume by its name. */
  async #bindNamed(claim: PersistentVolumeClaim, context: Context): Promise<void> {
    const name = claim.spec.volumeName ?? ''
    const volume = context.lister(PersistentVolume).get({ name })
    if (!volume) return this.#pending(claim, context)
    if (!volume.spec.claimRef) {
      const why = mismatch(volume, claim)
      if (!why) return this.#bind(volume, claim, context)
      context.events.event(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume "${name}": ${why}`)
      return this.#pending(claim, context)
    }
    if (isReservedFor(volume, claim)) return this.#bind(volume, claim, context)
    if (claim.metadata.annotations?.[BOUND_BY_CONTROLLER] === undefined)
      context.events.event(claim, 'Warning', 'FailedBinding', `volume "${name}" already bound to a different claim.`)
    await this.#pending(claim, context)
  }

  /** What was bound must stay so: a claim whose volume is gone has lost its data. */
  async #checkBound(claim: PersistentVolumeClaim, context: Context): Promise<void> {
    const name = claim.spec.volumeName
    const lost = async (reason: string, message: string) => {
      if (claim.status.phase === 'Lost') return
      context.events.event(claim, 'Warning', reason, message)
      const { accessModes: _modes, capacity: _capacity, ...status } = claim.status
      await writeStatus(context, PersistentVolumeClaim, claim, { ...status, phase: 'Lost' })
    }
    if (!name)
      return lost('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!')
    let volume = context.lister(PersistentVolume).get({ name })
    // A volume that was made a moment ago may not have reached the cache.
    volume ??= (await context.client.list(PersistentVolume, { fieldSelector: `metadata.name=${name}` })).items[0]
    if (!volume) return lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!')
    const { claimRef } = volume.spec
    if (!claimRef || claimRef.uid === claim.metadata.uid || (!claimRef.uid && isReservedFor(volume, claim)))
      return this.#bind(volume, claim, context)
    await lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly')
  }

  async #pending(claim: PersistentVolumeClaim, context: Context): Promise<void> {
    await writeStatus(context, PersistentVolumeClaim, claim, { ...claim.status, phase: 'Pending' })
  }

  gone(): undefined {
    // Uids of claims that went before they were bound; the next claim of that name has another.
    if (this.#given.size > 1_000) this.#given.clear()
    return undefined
  }
}
