// Bringing an object back to what it was, after a question.
import { useConfirmStore } from '../stores/confirm.ts'
import { useToastStore } from '../stores/toasts.ts'
import { type ObjectRevision, restore } from './revisions.ts'
import { formatDateTime } from '../i18n/i18n.ts'

/** @returns whether it was done */
export async function askToRestore(revision: ObjectRevision, isGone: boolean): Promise<boolean> {
  const { kind, name } = revision.of
  const at = formatDateTime(revision.metadata.creationTimestamp)
  const toasts = useToastStore()
  const { confirmed } = await useConfirmStore().ask({
    title: isGone ? `Bring ${kind} ${name} back?` : `Restore ${kind} ${name}?`,
    text: isGone
      ? `It is made anew as it was on ${at}; what it controlled is made by its controller.`
      : `Its spec, labels and annotations become what they were on ${at}. The change is one more revision, and can be undone as well.`,
    names: [name],
    action: isGone ? 'Bring back' : 'Restore',
  })
  if (!confirmed) return false
  try {
    await restore(revision)
    toasts.done(isGone ? `${name} is back` : `Restored ${name}`)
    return true
  } catch (error) {
    toasts.failed(`${name} was not restored`, error)
    return false
  }
}
