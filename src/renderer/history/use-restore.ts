// Bringing an object back to what it was, after a question.
import { rightTo, useRightsStore } from '../access/rights.ts'
import { useConfirmStore } from '../stores/confirm.ts'
import { useToastStore } from '../stores/toasts.ts'
import { connection } from '../api/connection.ts'
import { bringBack, isDefinition } from './deleted-with.ts'
import { type ObjectRevision, restore, typeFor } from './revisions.ts'
import { formatDateTime, t } from '../i18n/i18n.ts'

/** Why the user may not do it: the server restores with the caller's own rights. */
export function refusalToRestore({ of, metadata }: ObjectRevision, isGone: boolean): string | undefined {
  const { group, resource, namespace, name } = of
  const place = { namespace: namespace || undefined }
  return useRightsStore().refusalOf([
    rightTo('create', typeFor(metadata.namespace), { subresource: 'restore', ...place }),
    isGone ? { verb: 'create', group, resource, ...place } : { verb: 'update', group, resource, name, ...place },
  ])
}

/** @returns whether it was done */
export async function askToRestore(revision: ObjectRevision, isGone: boolean): Promise<boolean> {
  const { kind, name } = revision.of
  const at = formatDateTime(revision.metadata.creationTimestamp)
  const toasts = useToastStore()
  const { confirmed } = await useConfirmStore().ask({
    title: isGone ? t('Bring {kind} {name} back?', { kind, name }) : t('Restore {kind} {name}?', { kind, name }),
    text: isGone
      ? isDefinition(revision)
        ? t('It is made anew as it was on {at}, with the objects that were deleted because of it.', {
            at,
          })
        : t('It is made anew as it was on {at}; what it controlled is made by its controller.', { at })
      : t(
          'Its spec, labels and annotations become what they were on {at}. The change is one more revision, and can be undone as well.',
          { at },
        ),
    names: [name],
    action: isGone ? t('Bring back') : t('Restore'),
  })
  if (!confirmed) return false
  try {
    if (isGone) {
      const { others: n, failures, unknown } = await bringBack(connection.client, revision)
      toasts.done(
        n
          ? t('{name} is back, with {n} object | {name} is back, with {n} objects', { name, n })
          : t('{name} is back', { name }),
      )
      if (failures.length)
        toasts.failed(
          t('{n} object of {name} is not back | {n} objects of {name} are not back', { name, n: failures.length }),
          failures[0],
        )
      if (unknown !== undefined) toasts.failed(t('The objects of {name} are not back', { name }), unknown)
    } else {
      await restore(revision)
      toasts.done(t('Restored {name}', { name }))
    }
    return true
  } catch (error) {
    toasts.failed(t('{name} was not restored', { name }), error)
    return false
  }
}
