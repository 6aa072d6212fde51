// What the editor's library says by itself, in the language of the window.
import { EditorState } from '@codemirror/state'
import { type MessageKey, known, m } from '../../i18n/i18n.ts'

/** Its own words are the keys. `$` stands for a number. */
const PHRASES: readonly MessageKey[] = [
  ...[m('Find'), m('Replace'), m('next'), m('previous'), m('all'), m('match case'), m('regexp'), m('by word')],
  ...[m('replace'), m('replace all'), m('close'), m('current match'), m('on line'), m('replaced $ matches')],
  ...[m('replaced match on line $'), m('Go to line'), m('go'), m('Fold line'), m('Unfold line'), m('Folded lines')],
  ...[m('Unfolded lines'), m('folded code'), m('unfold'), m('to'), m('$ unchanged lines'), m('Selection deleted')],
]

export const phrases = () => EditorState.phrases.of(Object.fromEntries(PHRASES.map(key => [key, known(key)])))
