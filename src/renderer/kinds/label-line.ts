// Labels typed on one line, as `kubectl label` takes them: `team=shop`, and `team-` takes one away.
import { labelValue, qualifiedName } from '../../shared/machinery/names.ts'
import { t } from '../i18n/i18n.ts'

interface LabelLine {
  readonly labels: Readonly<Record<string, string | null>>
  /** What is wrong with the line, in a sentence. */
  readonly problem: string | undefined
}

export function parseLabelLine(line: string): LabelLine {
  const labels: Record<string, string | null> = Object.create(null) as Record<string, string | null>
  for (const word of line.split(/[\s,]+/).filter(Boolean)) {
    const at = word.indexOf('=')
    const isRemoval = at < 0 && word.endsWith('-')
    if (at < 0 && !isRemoval) return { labels, problem: t('“{word}” is neither key=value nor key-.', { word }) }
    const [key, value] = isRemoval ? [word.slice(0, -1), null] : [word.slice(0, at), word.slice(at + 1)]
    const [problem] = [...qualifiedName(key), ...(value === null ? [] : labelValue(value))]
    if (problem) return { labels, problem: `${word}: ${problem}` }
    labels[key] = value
  }
  return { labels, problem: undefined }
}
