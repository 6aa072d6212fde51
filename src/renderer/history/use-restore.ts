// Bringing an object back to what it was, after a question.
import { rightTo, useRightsStore } from '../access/rights.ts'
import { useConfirmStore } from '../stores/confirm.ts'
import { useToastStore } from '../stores/toasts.ts'
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
      ? t('It is made anew as it was on {at}; what it controlled is made by its controller.', { at })
      : t(
          'Its spec, labels and annotations become what they were on {at}. The change is one more revision, and can be undone as well.',
          { at },
        ),
    names: [name],
    action: isGone ? t('Bring back') : t('Restore'),
  })
  if (!confirmed) return false
  try {
    await restore(revision)
    toasts.done(isGone ? t('{name} is back', { name }) : t('Restored {name}', { name }))
    return true
  } catch (error) {
    toasts.failed(t('{name} was not restored', { name }), error)
    return false
  }
}
