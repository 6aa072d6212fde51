// Families of metrics as Prometheus text.
import type { Buckets } from '../../../shared/machinery/buckets.ts'
import type { ContainerReading } from '../../kubelet/stats/collector.ts'

export type Labels = Readonly<Record<string, string | number>>

const escape = (text: string): string => text.replace(/[\\"\n]/g, c => (c === '\n' ? '\\n' : `\\${c}`))
const show = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escape(String(value))}"`)
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

  histogram(name: string, help: string, series: readonly (readonly [Labels, Buckets])[]): void {
    const samples = series.flatMap(([labels, buckets]) => buckets.samples(name, labels))
    if (samples.length === 0) return
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} histogram`)
    for (const { metricName = name, labels, value } of samples)
      this.#lines.push(`${metricName}${show(labels)} ${value}`)
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
