// What priority and fairness is doing at the moment, as upstream's tables for people: a row a level, a queue, a request.
// @see https://kubernetes.io/docs/reference/debug-cluster/flow-control/
import { formatDuration } from '../../../../shared/machinery/duration.ts'
import type { PathHandler } from '../router.ts'
import type { FlowControl } from './flow-control.ts'
import type { PriorityLevel, Queue, Ticket } from './priority-level.ts'

type Row = readonly (string | number | boolean)[]

const PATH = '/debug/api_priority_and_fairness/'
const GAP = 1
const LEAST_WIDTH = 8
/** Of a time that is not there, as Go prints it. */
const NEVER = '0001-01-01T00:00:00Z'

const timeOf = (ms: number | undefined) => (ms === undefined ? NEVER : new Date(ms).toISOString())

/** Cells end with a comma, so that the table can be read as CSV as well. */
function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(row => row.map((cell, at) => `${cell}${at < row.length - 1 ? ',' : ''}`))
  const widths = (cells[0] ?? []).map((_, at) =>
    Math.max(LEAST_WIDTH, ...cells.map(row => (row[at] ?? '').length + GAP)),
  )
  const lineOf = (row: readonly string[]) =>
    row.map((cell, at) => (at < row.length - 1 ? cell.padEnd(widths[at] ?? 0) : cell)).join('')
  return cells.map(row => `${lineOf(row)}\n`).join('')
}

const ticketsOf = ({ waiting }: Queue) => waiting.map(({ ticket }) => ticket)
const sum = (tickets: readonly Ticket[], of: (ticket: Ticket) => number) =>
  tickets.reduce((total, ticket) => total + of(ticket), 0)
const seatsOf = ({ asking }: Ticket) => asking.work.seats
const widthOf = ({ asking }: Ticket) => Math.max(asking.work.seats, asking.work.finalSeats)

const levelRow = (level: PriorityLevel): Row => [
  level.name,
  level.queues.filter(({ waiting }) => waiting.length > 0).length,
  level.waiting === 0 && level.executing === 0,
  level.isQuiescing,
  level.waiting,
  level.executing,
  level.dispatched,
  ...[level.rejected['queue-full'] + level.rejected['concurrency-limit'], level.rejected['time-out'], level.rejected.cancelled],
] // prettier-ignore

const queueRow = (level: PriorityLevel, queue: Queue, at: number): Row => [
  level.name,
  at,
  queue.waiting.length,
  queue.running,
  queue.seats,
  sum(ticketsOf(queue), seatsOf),
  sum(ticketsOf(queue), widthOf),
]

function requestRow(level: PriorityLevel, ticket: Ticket, place: number, withDetails: boolean): Row {
  const { asking, arrivedMs, startedMs, queue } = ticket
  const { at, work, counts, flow } = asking
  const details = [at.user.name, at.verb, at.path, at.namespace, at.name, at.group === '' ? at.version : `${at.group}/${at.version}`, at.resource, at.subresource] // prettier-ignore
  return [
    level.name,
    counts.schema,
    queue ? level.queues.indexOf(queue) : -1,
    place,
    flow().slice(counts.schema.length + 1),
    timeOf(arrivedMs),
    work.seats,
    work.finalSeats,
    formatDuration(work.finalMs),
    timeOf(startedMs),
    ...(withDetails ? details : []),
  ]
}

const LEVEL_HEAD = ['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests', 'DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'] // prettier-ignore
const QUEUE_HEAD = ['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse', 'InitialSeatsSum', 'MaxSeatsSum'] // prettier-ignore
const REQUEST_HEAD = ['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher', 'ArriveTime', 'InitialSeats', 'FinalSeats', 'AdditionalLatency', 'StartTime'] // prettier-ignore
const DETAILS_HEAD = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource']

export function flowControlDumps(flowControl: FlowControl): PathHandler[] {
  const levels = () => [...flowControl.levels].sort((a, b) => (a.name < b.name ? -1 : 1))
  const dump = (name: string, rowsOf: (query: URLSearchParams) => Row[]): PathHandler => ({
    path: `${PATH}${name}`,
    handle: async ({ query }) => ({
      code: 200,
      bytes: Buffer.from(tableOf(rowsOf(query))),
      contentType: 'text/plain; charset=utf-8',
    }),
  })
  return [
    dump('dump_priority_levels', () => [LEVEL_HEAD, ...levels().map(levelRow)]),
    dump('dump_queues', () => [
      QUEUE_HEAD,
      ...levels().flatMap(level => level.queues.map((queue, at) => queueRow(level, queue, at))),
    ]),
    dump('dump_requests', query => {
      const withDetails = (query.get('includeRequestDetails') ?? '') !== ''
      return [
        withDetails ? [...REQUEST_HEAD, ...DETAILS_HEAD] : REQUEST_HEAD,
        ...levels().flatMap(level => [
          ...level.queues.flatMap(queue =>
            ticketsOf(queue).map((ticket, at) => requestRow(level, ticket, at, withDetails)),
          ),
          ...[...level.running].map(ticket => requestRow(level, ticket, -1, withDetails)),
        ]),
      ]
    }),
  ]
}
