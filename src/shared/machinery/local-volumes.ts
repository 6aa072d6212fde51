// Volumes that are folders on a node's own disk: the control plane makes and deletes the objects, the node the folders.
import type { PersistentVolume } from '../api/core/v1.ts'
import { LOCAL_PROVISIONER, PROVISIONED_BY } from './volume-claims.ts'

/** On a Node: the folder below which its local volumes lie. */
export const LOCAL_VOLUMES_PATH = 'flotilla.dev/local-volumes-path'
/** On a PersistentVolume: its node has yet to delete the folder. */
export const LOCAL_VOLUME_FINALIZER = 'flotilla.dev/local-volume'
export const HOSTNAME = 'kubernetes.io/hostname'

/** @returns the node whose disk holds a volume of the built-in provisioner; undefined for every other volume */
export function nodeOfLocalVolume({ metadata, spec }: PersistentVolume): string | undefined {
  if (metadata.annotations?.[PROVISIONED_BY] !== LOCAL_PROVISIONER || !spec.local) return undefined
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  const [expression] = terms.length === 1 ? (terms[0]?.matchExpressions ?? []) : []
  if (expression?.key !== HOSTNAME || expression.operator !== 'In' || expression.values?.length !== 1) return undefined
  return expression.values[0]
}
