// ephemeral-volume: makes the claim of every generic ephemeral volume; it belongs to the pod and goes with it.
// @see https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
import { PersistentVolumeClaim, Pod, type Volume } from '../../../shared/api/core/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { controllerOf, controllerRef, isControlledBy } from '../../../shared/machinery/owner.ts'
import { isAlreadyExists } from '../../../shared/machinery/status.ts'
import { ephemeralClaimName } from '../../../shared/machinery/volume-claims.ts'
import { isPodTerminal } from '../support/pod-state.ts'

const hasEphemeral = ({ spec }: Pod) => spec.volumes?.some(({ ephemeral }) => ephemeral) ?? false

export class EphemeralVolumeController implements Reconciler<Pod> {
  readonly name = 'ephemeral-volume'
  readonly identity = 'ephemeral-volume-controller'
  readonly eventSource = 'ephemeral_volume'
  readonly type = Pod
  readonly watches = [
    own(Pod, ({ type, object }) => type !== 'deleted' && hasEphemeral(object)),
    // A claim that is deleted under its pod is made again.
    mapped(PersistentVolumeClaim, ({ type, object }) => {
      const owner = controllerOf(object)
      return type === 'deleted' && owner?.kind === 'Pod'
        ? [{ namespace: object.metadata.namespace, name: owner.name }]
        : []
    }),
  ]

  async reconcile(pod: Pod, context: ControllerContext): Promise<Result> {
    if (pod.metadata.deletionTimestamp || isPodTerminal(pod)) return done
    for (const volume of pod.spec.volumes ?? []) if (volume.ephemeral) await makeClaim(pod, volume, context)
    return done
  }
}

async function makeClaim(pod: Pod, volume: Volume, context: ControllerContext): Promise<void> {
  const template = volume.ephemeral?.volumeClaimTemplate
  if (!template) return
  const { namespace } = pod.metadata
  const name = ephemeralClaimName(pod.metadata.name, volume.name)
  const found = context.lister(PersistentVolumeClaim).get({ namespace, name })
  if (found && isControlledBy(found, pod)) return
  const fail = (why: string) =>
    context.events.event(pod, 'Warning', 'FailedBinding', `ephemeral volume ${volume.name}: ${why}`)
  if (found) {
    fail(`PVC "${namespace}/${name}" was not created for pod "${namespace}/${pod.metadata.name}" (pod is not owner)`)
    return
  }
  const { labels, annotations } = template.metadata ?? {}
  try {
    await context.client.create(
      PersistentVolumeClaim,
      {
        metadata: {
          namespace,
          name,
          ...(labels ? { labels: { ...labels } } : {}),
          ...(annotations ? { annotations: { ...annotations } } : {}),
          ownerReferences: [controllerRef(Pod, pod)],
        },
        spec: structuredClone(template.spec),
      },
      { signal: context.signal },
    )
  } catch (error) {
    // The cache is a moment behind; the next change shows whose it is.
    if (isAlreadyExists(error)) return
    fail((error as Error).message)
    throw error
  }
}
