import { describe, expect, test } from 'vitest'
import { parseCronSchedule } from '../../src/shared/machinery/cron-schedule.ts'

const at = (time: string) => Date.parse(`2026-${time}:00Z`)
const nextOf = (text: string, after: string) => {
  const next = parseCronSchedule(text).next(at(after))
  return next === undefined ? undefined : new Date(next).toISOString().slice(5, 16)
}

describe('a schedule', () => {
  // The first of January 2026 is a Thursday.
  test.each([
    ['*/20 * * * *', '01-01T00:00', '01-01T00:20'],
    ['5/15 * * * *', '01-01T00:21', '01-01T00:35'],
    ['5/15 * * * *', '01-01T00:50', '01-01T01:05'],
    ['1-5/2,30 * * * *', '01-01T00:05', '01-01T00:30'],
    ['0 9-17 * * mon-Fri', '01-02T17:00', '01-05T09:00'],
    ['0 0 ? JAN,jul *', '01-31T00:00', '07-01T00:00'],
    ['0 0 * * SUN', '01-01T00:00', '01-04T00:00'],
    ['@monthly', '01-01T00:00', '02-01T00:00'],
    // Either of the two fields for days will do, unless one of them says nothing.
    ['0 0 13 * 5', '01-02T00:00', '01-09T00:00'],
    ['0 0 13 * */1', '01-02T00:00', '01-13T00:00'],
    ['0 0 13 * 0-6', '01-02T00:00', '01-03T00:00'],
    ['59 23 31 2 *', '01-01T00:00', undefined],
  ])('%s, after %s, is next at %s', (text, after, next) => {
    expect(nextOf(text, after)).toBe(next)
  })

  test.each([
    ['', 'empty spec string'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['0 * * * * *', 'expected exactly 5 fields, found 6: [0 * * * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['0 0 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['0 0 * * 7', 'end of range (7) above maximum (6): 7'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['*/2/3 * * * *', 'too many slashes: */2/3'],
    ['0 0 L * *', 'failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax'],
    ['0 0 * * 5#2', 'failed to parse int from 5#2: strconv.Atoi: parsing "5#2": invalid syntax'],
    ['@fortnightly', 'unrecognized descriptor: @fortnightly'],
    ['@every now', 'failed to parse duration @every now'],
  ])('%j is refused: %s', (text, why) => {
    expect(() => parseCronSchedule(text)).toThrow(why)
  })
})

describe('in a zone whose clocks are changed', () => {
  const timesOf = (text: string, timeZone: string, after: string, count: number) => {
    const schedule = parseCronSchedule(text, timeZone)
    const times: string[] = []
    for (let time = at(after); times.length < count; times.push(new Date(time).toISOString().slice(5, 16)))
      time = schedule.next(time)!
    return times
  }

  // Berlin: one hour is left out on 29 March at 1:00 UTC, and shown twice on 25 October from 0:00 to 2:00 UTC.
  test.each([
    ['30 2 * * *', 'Europe/Berlin', '03-28T00:00', ['03-28T01:30', '03-30T00:30', '03-31T00:30']],
    ['0 2 * * *', 'Europe/Berlin', '03-28T12:00', ['03-30T00:00', '03-31T00:00']],
    ['0 3 * * *', 'Europe/Berlin', '03-28T12:00', ['03-29T01:00', '03-30T01:00']],
    ['*/30 * * * *', 'Europe/Berlin', '03-29T00:00', ['03-29T00:30', '03-29T01:00', '03-29T01:30']],
    ['30 2 * * *', 'Europe/Berlin', '10-24T12:00', ['10-25T00:30', '10-25T01:30', '10-26T01:30']],
    ['0 2 * * *', 'Europe/Berlin', '10-24T12:00', ['10-25T00:00', '10-25T01:00', '10-26T01:00']],
    ['0 3 * * *', 'Europe/Berlin', '10-24T12:00', ['10-25T02:00', '10-26T02:00']],
    ['0 * * * *', 'Europe/Berlin', '10-24T23:00', ['10-25T00:00', '10-25T01:00', '10-25T02:00']],
    ['0 9 * * *', 'Europe/Berlin', '03-28T00:00', ['03-28T08:00', '03-29T07:00']],
    ['0 0 1 1,7 *', 'America/New_York', '01-02T00:00', ['07-01T04:00']],
    // Half an hour is left out and shown twice.
    ['15 2 * * *', 'Australia/Lord_Howe', '10-02T16:00', ['10-04T15:15', '10-05T15:15']],
    ['45 1 * * *', 'Australia/Lord_Howe', '04-04T12:00', ['04-04T14:45', '04-04T15:15', '04-05T15:15']],
  ])('%s in %s, after %s, is at %j', (text, timeZone, after, times) => {
    expect(timesOf(text, timeZone, after, times.length)).toEqual(times)
  })

  test('of many times that went by, the last is told, whatever the clocks did meanwhile', () => {
    const berlin = (text: string, until: string) =>
      parseCronSchedule(text, 'Europe/Berlin').between(at('10-20T00:00'), at(until), 10)
    expect(berlin('*/30 2 * * *', '10-25T01:10')).toEqual({ times: 11, latestMs: at('10-25T01:00') })
    expect(berlin('*/30 2 * * *', '10-25T00:50')).toEqual({ times: 11, latestMs: at('10-25T00:30') })
    expect(berlin('* * * * *', '11-01T12:00')).toEqual({ times: 11, latestMs: at('11-01T12:00') })
    const spring = parseCronSchedule('*/5 2 * * *', 'Europe/Berlin').between(at('03-27T00:00'), at('03-29T12:00'), 10)
    expect(spring).toEqual({ times: 11, latestMs: at('03-28T01:55') })
  })
})

describe('@every', () => {
  const schedule = parseCronSchedule('@every 1h30m', undefined, at('01-01T00:10'))
  test('counts from the time before, not from the full hour', () => {
    expect(schedule.next(at('01-01T00:10'))).toBe(at('01-01T01:40'))
    expect(schedule.next(at('01-01T01:40'))).toBe(at('01-01T03:10'))
  })
  test('of many times that went by, the last is told', () => {
    const between = (after: string, until: string) => schedule.between(at(after), at(until), 100)
    expect(between('01-01T00:10', '01-01T01:39')).toEqual({ times: 0 })
    expect(between('01-01T00:10', '01-01T10:00')).toEqual({ times: 6, latestMs: at('01-01T09:10') })
    expect(between('01-01T09:30', '01-01T10:00')).toEqual({ times: 0 })
    expect(between('01-01T00:10', '12-31T00:00').times).toBe(101)
  })
  test('is a second at least', () => {
    expect(parseCronSchedule('@every 10ms', undefined, 0).next(0)).toBe(1_000)
  })
})
