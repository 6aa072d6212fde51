// A firewall between two hosts, above all that their agents may open, as if it were not on them.
import type { Host } from './lab.ts'

const only22 = (ip: string, mac: string) => `table ip cut {
  chain in {
    type filter hook prerouting priority -400;
    ip saddr ${ip} tcp dport 22 accept
    ip saddr ${ip} tcp sport 22 accept
    ip saddr ${ip} drop
    ip saddr 10.244.0.0/16 ether saddr ${mac} drop
  }
}`

/** From now on the two reach each other over TCP 22 only. */
export function cut(one: Host, other: Host): void {
  for (const [here, there] of [
    [one, other],
    [other, one],
  ] as const) {
    const [link] = JSON.parse(there.run('ip', '-j', 'link', 'show', 'eth0')) as { address: string }[]
    here.run('nft', only22(there.ip, link!.address))
  }
}

/** What kept others away from this host is gone. */
export const heal = (host: Host): void => void host.run('nft', 'delete', 'table', 'ip', 'cut')
