// Why a claim has no volume.
import { PersistentVolume, PersistentVolumeClaim, Pod } from '../../shared/api/core/v1.ts'
import { StorageClass } from '../../shared/api/storage/v1.ts'
import { podReferences } from '../world/pod-references.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { apiVersionOf } from '../../shared/machinery/resource-type.ts'
import { type Explainer, type Fix, because, fact } from './cause.ts'
import { warningFact } from './events.ts'
import { t } from '../i18n/i18n.ts'

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class'

/** More to choose from is for the list. */
const OFFERED = 3
const makeDefault = ({ metadata: { name } }: StorageClass): Fix => ({
  kind: 'patch',
  title: t('Make {name} the default', { name }),
  ref: { type: StorageClass, name },
  patch: { metadata: { annotations: { [DEFAULT_CLASS]: 'true' } } },
  consequence: t('Claims that name no class get their volumes from it, this one included.'),
})

/** The class that a claim names, as the cluster makes volumes otherwise. */
function createLike(model: StorageClass | undefined, name: string): Fix[] {
  if (!model) return []
  const { metadata: _metadata, ...rest } = model
  const draft = { ...rest, ...apiOf(StorageClass), metadata: { name } } as unknown as AnyObject
  return [{ kind: 'create', title: t('Create {kind} {name}', { kind: StorageClass.kind, name }), draft }]
}
const apiOf = (type: typeof StorageClass) => ({ apiVersion: apiVersionOf(type), kind: type.kind })

export const explainClaim: Explainer<PersistentVolumeClaim> = (claim, { world }, ref) => {
  const { phase } = claim.status
  if (phase === 'Bound') return undefined
  if (phase === 'Lost')
    return because(
      'claim-lost',
      ref,
      t('volume {volumeName} of claim {name} is gone', { volumeName: claim.spec.volumeName ?? '', name: ref.name }),
    )
  const pending = t('claim {name} has no volume', { name: ref.name })
  const name = claim.spec.storageClassName
  const wants = Object.entries(claim.spec.resources?.requests ?? {})
    .map(([what, amount]) => t('{amount} of {what}', { amount, what }))
    .join(', ')
  const details = [
    fact(
      t('It asks for {wants}, {accessModes}.', {
        wants: wants || t('a volume'),
        accessModes: (claim.spec.accessModes ?? []).join(', '),
      }),
      'claim',
    ),
    ...warningFact(world, claim),
  ]
  const edit = { kind: 'edit' as const, title: t('Edit the claim'), ref }

  const classes = world.all(StorageClass)
  const standard = classes.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true')
  if (name === undefined) {
    if (world.knows(StorageClass) && !standard)
      return because(
        'no-default-class',
        ref,
        t('{pending}, names no storage class, and the cluster has no default one', { pending }),
        { evidence: details, fixes: [...classes.slice(0, OFFERED).map(makeDefault), edit] },
      )
  } else if (name !== '' && world.knows(StorageClass)) {
    const found = world.find(StorageClass, undefined, name)
    const volumes = world.all(PersistentVolume).filter(({ spec }) => spec.storageClassName === name)
    if (!found && volumes.length === 0)
      return because('class-missing', ref, t('{pending}: storage class {name} does not exist', { pending, name }), {
        evidence: details,
        // The class of a claim cannot be changed.
        fixes: createLike(standard ?? classes[0], name),
      })
    if (found?.volumeBindingMode === 'WaitForFirstConsumer') {
      const users = world
        .in(Pod, claim.metadata.namespace)
        .filter(({ spec }) =>
          podReferences(spec).some(
            ({ type, name: claimed }) => type.kind === 'PersistentVolumeClaim' && claimed === ref.name,
          ),
        )
      if (users.length === 0)
        return because('waits-for-pod', ref, t('{pending} yet: it is made when a pod uses the claim', { pending }), {
          evidence: details,
        })
    }
  }
  return because(
    'claim-pending',
    ref,
    name === '' ? t('{pending}: no volume that exists fits it', { pending }) : pending,
    {
      evidence: details,
      fixes: [edit],
    },
  )
}
