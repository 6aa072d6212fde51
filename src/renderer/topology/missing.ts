// What the map cannot show: an empty place on it is not to be taken for nothing there.
import type { LiveState } from '../api/live-list.ts'
import { t } from '../i18n/i18n.ts'

/** @param forbidden plurals of the kinds that may not be listed @returns a sentence; undefined where nothing is missing */
export function missingFrom(state: LiveState, forbidden: readonly string[]): string | undefined {
  if (state === 'disconnected') return t('The cluster does not answer. What was not read before is missing.')
  return forbidden.length > 0
    ? t('Without {kinds}: you may not list them.', { kinds: forbidden.join(', ') })
    : undefined
}
