// The real clock of a lab host is this machine's: programs stand in for those that tell and set it.
import type { LabHost } from '../lab/lab.ts'

const DATE = `#!/bin/sh
case "$1" in
  -s) echo "$2" > /run/clock/set; echo 0 > /run/clock/skew ;;
  *) exec date.real -d "@$(($(date.real +%s) + $(cat /run/clock/skew)))" "$@" ;;
esac
`
const TIMEDATECTL = `#!/bin/sh
case "$1" in
  show) echo CanNTP=yes; echo NTP=$(cat /run/clock/ntp); echo NTPSynchronized=no ;;
  set-ntp) [ "$2" = true ] && echo yes > /run/clock/ntp && echo 0 > /run/clock/skew || echo no > /run/clock/ntp ;;
esac
`

export class HostClock implements Disposable {
  readonly #host: LabHost

  constructor(host: LabHost) {
    this.#host = host
    host.sh('mkdir /run/clock; cd /usr/bin; mv date date.real; mv timedatectl timedatectl.real')
    host.write('/usr/bin/date', DATE)
    host.write('/usr/bin/timedatectl', TIMEDATECTL)
    host.sh('chmod 755 /usr/bin/date /usr/bin/timedatectl')
  }
  /** @param skew in s @param ntp whether its time service is on */
  says(skew: number, ntp: 'yes' | 'no'): void {
    this.#host.sh(`echo ${skew} > /run/clock/skew; echo ${ntp} > /run/clock/ntp`)
  }
  get ntp(): string {
    return this.#host.sh('cat /run/clock/ntp')
  }
  /** To what it was set once, in s since 1970; undefined where it was not. */
  get setTo(): number | undefined {
    const said = this.#host.sh('cat /run/clock/set 2>/dev/null || true')
    return said === '' ? undefined : Number(said.slice(1))
  }
  [Symbol.dispose](): void {
    this.#host.sh('cd /usr/bin; mv date.real date; mv timedatectl.real timedatectl; rm -r /run/clock')
  }
}
