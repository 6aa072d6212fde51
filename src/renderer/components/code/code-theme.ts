// The editor in the window's own tokens, so that it follows light and dark by itself.
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '12.5px', backgroundColor: 'var(--code)', color: 'var(--ink)' },
  '&.cm-focused': { outline: '1.5px solid var(--focus)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: "'JetBrains Mono Variable', monospace", lineHeight: '1.55' },
  '.cm-gutters': { backgroundColor: 'var(--code)', color: 'var(--ink-faint)', border: 'none', paddingRight: '6px' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--accent) 7%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 28%, transparent)',
  },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--ink)', borderColor: 'var(--line)' },
  '.cm-textfield': { backgroundColor: 'var(--surface)', border: '1px solid var(--line-strong)', color: 'var(--ink)' },
  '.cm-button': { backgroundImage: 'none', backgroundColor: 'var(--sunken)', border: '1px solid var(--line-strong)' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', border: '1px solid var(--line)', color: 'var(--ink)' },
  '.cm-lintRange-error': { textDecoration: 'underline wavy var(--failed)', backgroundImage: 'none' },
  '.cm-foldPlaceholder': {
    backgroundColor: 'var(--sunken)',
    border: '1px solid var(--line)',
    color: 'var(--ink-faint)',
    padding: '0 4px',
  },
  '.cm-collapsedLines': { background: 'var(--sunken)', color: 'var(--ink-faint)', padding: '3px 12px' },
  // The symbols that the library puts around the text are in no font of ours.
  '.cm-collapsedLines:before, .cm-collapsedLines:after': { content: "''" },
  '.cm-insertedLine, .cm-changedLine': { backgroundColor: 'var(--healthy-soft) !important' },
  '.cm-deletedChunk': { backgroundColor: 'var(--failed-soft) !important' },
  '.cm-changedText': { background: 'color-mix(in srgb, var(--healthy) 25%, transparent) !important' },
  // Colours of the syntax are not strong enough on those of the difference.
  '.cm-changedText *, .cm-deletedText *': { color: 'var(--ink)' },
  '.cm-deletedChunk .cm-deletedText': { background: 'color-mix(in srgb, var(--failed) 25%, transparent) !important' },
})

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.content], color: 'var(--ink)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--suspended)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--ink-faint)', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.separator, tags.meta], color: 'var(--ink-faint)' },
  { tag: [tags.keyword, tags.typeName], color: 'var(--progressing)' },
])

export const codeTheme = [look, syntaxHighlighting(colours)]
