// Characters that would turn or steer a line, so that it reads as another than it is, stand in the text by their number.
import { EditorView, highlightSpecialChars } from '@codemirror/view'
import { STEERING } from '../../plain-text.ts'

function numberOf(code: number): HTMLElement {
  const shown = document.createElement('span')
  shown.className = 'cm-steering'
  shown.textContent = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  return shown
}

export const steeringChars = [
  highlightSpecialChars({ specialChars: STEERING, render: numberOf }),
  EditorView.theme({
    '.cm-steering': {
      backgroundColor: 'var(--failed-soft)',
      color: 'var(--failed)',
      borderRadius: '3px',
      padding: '0 3px',
      fontSize: '0.85em',
    },
  }),
]
