// Bringing an object back to what it was, after a question.
import { useConfirmStore } from '../stores/confirm.ts'
import { useToastStore } from '../stores/toasts.ts'
import { type ObjectRevision, restore } from './revisions.ts'
import { formatDateTime, t } from '../i18n/i18n.ts'

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
