// What was done to an object, in the language of the window. Reasons of warnings stay as Kubernetes tells them.
import { type MessageKey, m, t } from '../i18n/i18n.ts'
import type { ObjectRevision } from './revisions.ts'

const TEXTS: Readonly<Record<ObjectRevision['action'], MessageKey>> = {
  Created: m('Created'),
  Updated: m('Updated'),
  Deleted: m('Deleted'),
}
const isAction = (text: string): text is ObjectRevision['action'] => Object.hasOwn(TEXTS, text)

/** @param what an action, or the reason of a warning */
export const actionText = (what: string): string => (isAction(what) ? t(TEXTS[what]) : what)
