// Families of metrics as Prometheus text.
import type { ContainerReading } from '../../kubelet/stats/collector.ts'

export type Labels = Readonly<Record<string, string>>

const escape = (text: string): string => text.replace(/[\\"\n]/g, c => (c === '\n' ? '\\n' : `\\${c}`))
const show = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escape(value)}"`)
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}

/** One family after the other. */
export class Families {
  readonly #lines: string[] = []

  add(
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    samples: readonly [Labels, number][],
    nowMs?: number,
  ): void {
    if (samples.length === 0) return
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    const suffix = nowMs === undefined ? '' : ` ${nowMs}`
    for (const [labels, value] of samples) this.#lines.push(`${name}${show(labels)} ${value}${suffix}`)
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`
  }
}

/** Which container of which pod, as every family names it. */
export const ofContainer = ({ name, pod: { metadata } }: ContainerReading): Labels => ({
  container: name,
  namespace: metadata.namespace,
  pod: metadata.name,
})
