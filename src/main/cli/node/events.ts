// What `flotilla node` tells while it follows operations: a line for people, or a line of JSON for programs.
import type { HostFinding, HostOperationPlanItem } from '../../../shared/api/flotilla/v1.ts'
import type { OutputFormat } from '../progress.ts'

export type HostEvent = { readonly host: string } & (
  | { readonly type: 'stage'; readonly message: string }
  | { readonly type: 'plan'; readonly plan: readonly HostOperationPlanItem[] }
  /** @param percent of what is sent, where it is known; `seconds` once it has ended */
  | { readonly type: 'step'; readonly step: string; readonly state: string; readonly percent?: number; readonly seconds?: number }
  | { readonly type: 'result'; readonly phase: string; readonly reason?: string; readonly message: string }
  | { readonly type: 'finding'; readonly finding: HostFinding }
) // prettier-ignore

export const findingText = ({ severity, what, why, how }: HostFinding): string =>
  `${severity.toLowerCase()}: ${what}\n    why: ${why}\n    how: ${how}`

function textOf(event: HostEvent): string {
  const { host } = event
  switch (event.type) {
    case 'stage':
      return `${host}  ${event.message}`
    case 'plan':
      return [
        `${host}  what will be done:`,
        ...event.plan.flatMap(({ changes }) => changes.map(change => `${host}    - ${change}`)),
      ].join('\n')
    case 'step': {
      const more = event.percent !== undefined ? ` ${event.percent} %` : event.seconds ? ` (${event.seconds} s)` : ''
      return `${host}  ${event.step}: ${event.state.toLowerCase()}${more}`
    }
    case 'result':
      return `${host}  ${event.phase.toLowerCase()}: ${event.message}`
    case 'finding':
      return `${host}  ${findingText(event.finding)}`
  }
}

export const teller = (format: OutputFormat) => (event: HostEvent) =>
  console.log(format === 'json' ? JSON.stringify(event) : textOf(event))
