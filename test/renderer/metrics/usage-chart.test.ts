// A chart of what was used: between which times, and what its lines are.
import { type App, createApp, h, nextTick } from 'vue'
import { afterEach, describe, expect, it } from 'vitest'
import { formatTimeOfDay } from '@/i18n/i18n.ts'
import UsageChart from '@/metrics/UsageChart.vue'

const FROM = Date.UTC(2026, 0, 1, 8)
const samples = (...hours: number[]) =>
  hours.map(hour => ({ at: FROM + hour * 3_600_000, cpu: 0.5 + hour, memory: 1 << 20 }))

let app: App | undefined
afterEach(() => app?.unmount())
async function draw(props: object): Promise<HTMLElement> {
  const host = document.createElement('div')
  app = createApp(() => h(UsageChart, { title: 'CPU', resource: 'cpu', samples: [], ...props }))
  app.mount(host)
  await nextTick()
  return host
}

describe('a chart of what was used', () => {
  it('says from when to when it is', async () => {
    const host = await draw({ samples: samples(0, 1, 6) })
    const times = [...host.querySelectorAll('[data-times] time')].map(({ textContent }) => textContent)
    expect(times).toEqual([formatTimeOfDay(FROM), formatTimeOfDay(FROM + 6 * 3_600_000)])
  })

  it('has no times before there is a line', async () => {
    const host = await draw({ samples: samples(0) })
    expect(host.querySelector('[data-times]')).toBeNull()
    expect(host.textContent).toContain('the line grows')
  })

  it('calls its lines by what they are: what a node has is no limit', async () => {
    const host = await draw({ samples: samples(0, 1), request: 1, limit: 2, limitName: 'there for pods' })
    expect(host.textContent).toMatch(/asked for 1.*there for pods 2/s)
    expect(host.textContent).not.toContain('limit')
  })
})
