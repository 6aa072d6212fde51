// Claims for storage: which ones a pod mounts, what class they ask for, and which volume suits one.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../api/core/v1.ts'
import type { StorageClass } from '../api/storage/v1.ts'
import { matchesNodeSelector } from './node-selector.ts'
import { type Quantity, parseQuantity, zero } from './quantity.ts'
import { fromLabelSelector } from './selectors.ts'

/** On a claim and on a volume: the binder chose the other side, rather than the user. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller'
/** On a claim: its binding is complete; a volume that is missing now is lost. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed'
/** On a volume: the provisioner that made it, and that deletes it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by'
/** On a claim: the provisioner that is to make its volume. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner'
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner'
/** On a claim that waits for its first consumer: the node that the scheduler chose. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node'
/** Volumes of classes with this provisioner are made by hand. */
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner'
/** The provisioner that is built in: folders on the node's own disk. */
export const LOCAL_PROVISIONER = 'flotilla.dev/local-path'

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'

export interface PodClaim {
  readonly name: string
  /** Made for this pod alone, by the ephemeral volume controller. */
  readonly ephemeral: boolean
}

/** The claims that the pod mounts; an ephemeral volume's claim is called after pod and volume. */
export const podClaims = ({ metadata, spec }: Pod): PodClaim[] =>
  (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }): PodClaim[] => {
    if (persistentVolumeClaim) return [{ name: persistentVolumeClaim.claimName, ephemeral: false }]
    return ephemeral ? [{ name: ephemeralClaimName(metadata.name, name), ephemeral: true }] : []
  })

export const ephemeralClaimName = (pod: string, volume: string): string => `${pod}-${volume}`

/** '' = no class. */
export const storageClassOf = ({
  metadata: { annotations },
  spec: { storageClassName },
}: PersistentVolumeClaim | PersistentVolume): string => annotations?.[BETA_CLASS] ?? storageClassName ?? ''

export const waitsForConsumer = (storageClass: StorageClass | undefined): boolean =>
  storageClass?.volumeBindingMode === 'WaitForFirstConsumer'

const storage = (amounts: Readonly<Record<string, string | number>> | undefined): Quantity => {
  const amount = amounts?.storage
  return amount === undefined ? zero : parseQuantity(amount)
}

export const capacityOf = ({ spec }: PersistentVolume): Quantity => storage(spec.capacity)
export const requestOf = ({ spec }: PersistentVolumeClaim): Quantity => storage(spec.resources?.requests)

export const volumeModeOf = ({ spec }: PersistentVolumeClaim | PersistentVolume): string =>
  spec.volumeMode ?? 'Filesystem'

/** Whether the volume is this claim's, or reserved for it by name. */
export function isReservedFor({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (claimRef?.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false
  return !claimRef.uid || claimRef.uid === metadata.uid
}

/** The claim and the volume point at each other, and that was written down. */
export const isFullyBound = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  Boolean(spec.volumeName) && metadata.annotations?.[BIND_COMPLETED] !== undefined

/** @returns why a volume that was asked for by name cannot serve the claim, or undefined. */
export function mismatch(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
  { anyClass = false }: { readonly anyClass?: boolean } = {},
): string | undefined {
  if (capacityOf(volume).compare(requestOf(claim)) < 0) return 'requested PV is too small'
  if (!anyClass && storageClassOf(volume) !== storageClassOf(claim)) return 'storageClassName does not match'
  if ((volume.spec.volumeAttributesClassName ?? '') !== (claim.spec.volumeAttributesClassName ?? ''))
    return 'volumeAttributesClassName does not match'
  if (volumeModeOf(volume) !== volumeModeOf(claim)) return 'incompatible volumeMode'
  if (!offersModes(volume, claim)) return 'incompatible accessMode'
  return undefined
}

const offersModes = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  (claim.spec.accessModes ?? []).every(mode => volume.spec.accessModes?.includes(mode))

export interface MatchOptions {
  /** Only volumes that this node reaches; it is asked when a pod is being placed. */
  readonly node?: { readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> } }
  /** Volumes that are spoken for. */
  readonly taken?: (name: string) => boolean
  /** The claim waits for its first consumer: only a volume that is reserved for it will do. */
  readonly reservedOnly?: boolean
}

/** @returns the volume reserved for the claim, whatever its class, else the smallest that satisfies it; of equals the first by name. */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  { node, taken, reservedOnly = false }: MatchOptions = {},
): PersistentVolume | undefined {
  const selector = claim.spec.selector && fromLabelSelector(claim.spec.selector)
  const isReached = ({ spec: { nodeAffinity } }: PersistentVolume) =>
    !node || !nodeAffinity?.required || matchesNodeSelector(nodeAffinity.required, node)
  const isUsable = (volume: PersistentVolume, anyClass: boolean) =>
    !volume.metadata.deletionTimestamp && !mismatch(volume, claim, { anyClass })
  const reserved = volumes.find(volume => isReservedFor(volume, claim) && isUsable(volume, true))
  // Out of the node's reach it is still the claim's: no other one will do.
  if (reserved || reservedOnly) return reserved && isReached(reserved) ? reserved : undefined
  let best: PersistentVolume | undefined
  for (const volume of volumes) {
    const { name, labels } = volume.metadata
    if (volume.spec.claimRef || volume.status.phase !== 'Available' || taken?.(name)) continue
    if (!isUsable(volume, false) || !isReached(volume)) continue
    if (selector && !selector.matches(labels)) continue
    const order = best ? capacityOf(volume).compare(capacityOf(best)) : -1
    if (order < 0 || (order === 0 && name < (best?.metadata.name ?? ''))) best = volume
  }
  return best
}
