// What a card says, cut to its width: shared by the map on screen and the exported picture.
import { toneLooks } from '../components/status/tone-look.ts'
import { stateText } from '../status/own-words.ts'
import type { Card } from './picture.ts'
import { t } from '../i18n/i18n.ts'

/** Cut in the middle: the end of a pod's name tells it from its siblings. */
export function shorten(text: string, length: number): string {
  if (text.length <= length) return text
  const tail = Math.floor((length - 1) / 3)
  return `${text.slice(0, length - 1 - tail)}…${text.slice(-tail)}`
}

/** Cut at its end, as a sentence is read. */
export const clip = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`

/** A status in a few words; one that comes from elsewhere says from where. */
export function statusText({ status, from, counts }: Card): string {
  if (counts) return [...counts].map(([tone, count]) => `${count} ${t(toneLooks[tone].words)}`).join(', ')
  const text = stateText(status.text)
  return from ? `${from.type.kind} ${text}` : text
}

/** The card in a sentence, as it is read out and shown on hover. */
export function sentence(card: Card): string {
  const { kind, title, node, status, from } = card
  const place = node?.namespace ? ` ${t('in {namespace}', { namespace: node.namespace })}` : ''
  const origin = from ? `, ${t('because of {kind} {name}', { kind: from.type.kind, name: from.name })}` : ''
  const name = node ? `${kind} ${title}` : title
  return `${name}${place}: ${statusText(card)}${origin}${status.reason ? `. ${status.reason}` : ''}`
}
