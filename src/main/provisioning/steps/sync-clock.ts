// The host's clock, where it is far off: a time service sets it and keeps it right; where none reaches its servers, it is
// set once, to this machine's. Whether the service runs is as before when the host leaves.
import { delay } from '../../../shared/machinery/clock.ts'
import { clockIsMended, clockIsOff } from '../preflight/checks/clock.ts'
import { say } from '../say.ts'
import { type ContextWithoutProgress, type Step, type StepContext, asRoot } from './contract.ts'
import { type PackageManager, installed, packageManagerOf } from './install-packages.ts'

const NOTE = '/var/lib/flotilla/before/ntp'
const TURN_ON = `
set -e
mkdir -p -m 700 /var/lib/flotilla /var/lib/flotilla/before
: > ${NOTE}
timedatectl set-ntp true
`
export const UNSYNC_CLOCK = `
[ -e ${NOTE} ] || exit 0
timedatectl set-ntp false
rm -f ${NOTE}
exit 0
`
/** Seconds since 1970 come in the first line. */
const SET_ONCE = `
read -r now
case "$now" in *[!0-9]*|'') echo 'bad parameters' >&2; exit 2;; esac
date -s "@$now" >/dev/null
`
/** Whoever tells what keeps the clock right looks for it when it starts, and may have been asked a moment ago. */
const startService = (unit: string) => `
systemctl enable --now ${unit} || exit $?
systemctl try-restart systemd-timedated.service || :
`
/** Package and unit, per package manager. */
const TIME_SERVICE: Readonly<Record<PackageManager, readonly [name: string, unit: string]>> = {
  apt: ['systemd-timesyncd', 'systemd-timesyncd'],
  dnf: ['chrony', 'chronyd'],
}
const serviceFor = ({ facts }: ContextWithoutProgress) => {
  const manager = packageManagerOf(facts)
  return facts.timeSync === 'none' && manager ? TIME_SERVICE[manager] : undefined
}

/** Time services ask several servers before they believe one. */
const WAIT_MS = 15_000
const POLL_MS = 500

export const syncClock: Step = {
  name: 'sync-clock',
  plan(context) {
    const { facts } = context
    if (!clockIsMended(facts)) return []
    const isAhead = facts.clockSkewMs > 0
    const seconds = Math.abs(Math.round(facts.clockSkewMs / 1000))
    if (facts.timeSync === 'off')
      return [
        say('turn on time synchronisation, now and at every boot'),
        isAhead
          ? say("where that reaches no time server: set the clock once, {seconds} s back, to this machine's", {
              seconds,
            })
          : say("where that reaches no time server: set the clock once, {seconds} s forward, to this machine's", {
              seconds,
            }),
      ]
    const service = serviceFor(context)
    return [
      isAhead
        ? say("set the clock once, {seconds} s back, to this machine's", { seconds })
        : say("set the clock once, {seconds} s forward, to this machine's", { seconds }),
      ...(service
        ? [say('install the package {package}, if it can be had, which keeps it right', { package: service[0] })]
        : []),
    ]
  },
  async apply(context) {
    const { progress, facts } = context
    if (facts.timeSync === 'off') {
      await asRoot(context, 'turning on time synchronisation', TURN_ON)
      progress.output('waiting for a time server\n')
      if (await isRightWithin(context, WAIT_MS)) return
      progress.output('none answers: setting the clock once\n')
    }
    await asRoot(context, 'setting the clock', SET_ONCE, `${Math.round(context.clock.now() / 1000)}\n`)
    const service = serviceFor(context)
    if (service) await install(context, service)
  },
}

/** Packages are dated and signed: they are fetched once the clock is right. Without the service the clock still is. */
async function install(context: StepContext, [name, unit]: readonly [string, string]): Promise<void> {
  const { progress, signal } = context
  try {
    await installed(context, [name])
    await asRoot(context, 'starting the time service', startService(unit))
  } catch (error) {
    signal.throwIfAborted()
    progress.output(`no time service: ${(error as Error).message}\n`)
  }
}

async function isRightWithin(context: StepContext, waitMs: number): Promise<boolean> {
  const { clock, signal } = context
  const deadline = clock.monotonic() + waitMs
  while (clockIsOff(await skewOf(context))) {
    if (clock.monotonic() > deadline) return false
    await delay(clock, POLL_MS, signal)
  }
  return true
}

async function skewOf({ ssh, clock, signal }: StepContext): Promise<number> {
  const said = await ssh.must('date +%s', { what: 'reading the clock', signal })
  return Number(said) * 1000 - clock.now()
}

export const unsyncClock: Step = {
  name: 'unsync-clock',
  plan: ({ facts }) => (facts.flotilla.did.has('ntp') ? [say('turn off time synchronisation: it was off before')] : []),
  apply: async context => void (await asRoot(context, 'turning off time synchronisation', UNSYNC_CLOCK)),
}
