// What control planes say of what they do to hosts: plans, steps, questions, outcomes.
export const hostOperations = {
  'Enter the key': 'Schlüssel eintragen',
  'Clean up': 'Aufräumen',
  'Close the connection': 'Verbindung schließen',
  Configure: 'Konfigurieren',
  'Delete the files': 'Dateien löschen',
  'Delete the node': 'Node löschen',
  Drain: 'Leeren',
  'Install packages': 'Pakete installieren',
  'Set Docker to live-restore': 'Docker auf live-restore stellen',
  'Send the agent': 'Agent senden',
  "Send the agent's runtime": 'Laufzeitumgebung senden',
  'Take live-restore back': 'live-restore zurückstellen',
  'Restart the agent': 'Agent neu starten',
  'Revoke its certificates': 'Zertifikate widerrufen',
  'Start the agent': 'Agent starten',
  'Start Docker': 'Docker starten',
  'Stop Docker': 'Docker anhalten',
  'Switch the agent over': 'Agent wechseln',
  'Set the clock': 'Uhr stellen',
  'Uninstall packages': 'Pakete entfernen',
  'Stop setting the clock': 'Zeitsynchronisation ausschalten',
  'Withdraw the key': 'Schlüssel entfernen',
  'the plan waits to be approved': 'Der Plan wartet auf Bestätigung',
  // Behind what failed, in the same sentence.
  'what was done stays done, and it goes on with: {command}':
    '– was getan ist, bleibt getan; weiter geht es mit: {command}',
  'once that is mended: {command}': '– wenn das behoben ist: {command}',
  'if it is gone for good, it is forgotten with: {command} --forget':
    '– gibt es ihn nicht mehr, wird er vergessen mit: {command} --forget',
  'there is no host "{name}"': 'Es gibt keinen Rechner „{name}“',
  'stopped as asked; run it again to go on, or remove the host':
    'Wie gewünscht angehalten; zum Fortsetzen erneut ausführen, oder den Rechner entfernen',
  'looking at the host': 'Der Rechner wird untersucht',
  'nothing of that is on {name}': 'Davon ist nichts auf {name}',
  'undone on {name}: {steps}; to join again: flotilla node repair {name}':
    'Auf {name} zurückgenommen: {steps}; erneut aufnehmen: flotilla node repair {name}',
  '{name} is no node any more and as it was before': '{name} ist kein Node mehr und wieder wie zuvor',
  '{name} is the node {node}; nothing had to be done': '{name} ist der Node {node}; es war nichts zu tun',
  '{name} is the node {node}': '{name} ist der Node {node}',
  '{name} is forgotten; nothing was ever put on it': '{name} ist vergessen; es wurde nie etwas auf ihm eingerichtet',
  '{name} is forgotten; if it ever comes back: sudo /opt/flotilla/bin/remove':
    '{name} ist vergessen; sollte er zurückkehren: sudo /opt/flotilla/bin/remove',
  '{host} had {images} already': '{host} hatte {images} schon',
  '{host} has {images}': '{host} hat {images}',
  'the host can join': 'Der Rechner kann aufgenommen werden',
  'the host can join; 1 warning': 'Der Rechner kann aufgenommen werden; 1 Warnung',
  'the host can join; {warnings} warnings': 'Der Rechner kann aufgenommen werden; {warnings} Warnungen',
  '{name} is the node {node}; 1 warning': '{name} ist der Node {node}; 1 Warnung',
  '{name} is the node {node}; {warnings} warnings': '{name} ist der Node {node}; {warnings} Warnungen',
  '1 finding keeps the host from joining': '1 Befund verhindert, dass der Rechner aufgenommen wird',
  '{errors} findings keep the host from joining': '{errors} Befunde verhindern, dass der Rechner aufgenommen wird',
  '1 finding keeps it from joining again': '1 Befund verhindert, dass er erneut aufgenommen wird',
  '{errors} findings keep it from joining again': '{errors} Befunde verhindern, dass er erneut aufgenommen wird',
  'Password of {account}': 'Passwort von {account}',
  'That password was wrong.': 'Das Passwort war falsch.',
  'Passphrase of {path}; empty to go without this key':
    'Passphrase von {path}; leer, um ohne diesen Schlüssel weiterzumachen',
  'That passphrase was wrong.': 'Die Passphrase war falsch.',
  'connecting to {endpoint}': 'Verbindung zu {endpoint} wird aufgebaut',
  '{endpoint} does not answer within {seconds} s: is it on, and is the way to it open?':
    '{endpoint} antwortet nicht innerhalb von {seconds} s: Ist er eingeschaltet, und ist der Weg dorthin offen?',
  '{endpoint} refuses the connection: no SSH server listens on that port. Start it there, or give its port: user@host:PORT':
    '{endpoint} lehnt die Verbindung ab: Auf diesem Port lauscht kein SSH-Server. Ihn dort starten, oder seinen Port angeben: user@host:PORT',
  '{endpoint}: this name is not known; is it spelled right?':
    '{endpoint}: Dieser Name ist nicht bekannt; ist er richtig geschrieben?',
  '{endpoint} cannot be reached from here ({code}): is it on, and in a network that this machine is in, too?':
    '{endpoint} ist von hier nicht erreichbar ({code}): Ist er eingeschaltet, und in einem Netz, in dem auch dieser Computer ist?',
  '{endpoint} cannot be reached: {error}': '{endpoint} ist nicht erreichbar: {error}',
  '{endpoint} takes the connection and says nothing: waiting for an SSH server to answer':
    '{endpoint} nimmt die Verbindung an und sagt nichts: Auf die Antwort eines SSH-Servers wird gewartet',
  'logging in to {account}': 'Anmeldung als {account}',
  '{endpoint} showed another host key than the one that was accepted: {fingerprint}, not {accepted}.':
    '{endpoint} zeigte einen anderen Host-Schlüssel als den bestätigten: {fingerprint}, nicht {accepted}.',
  'Either the host was installed anew, or somebody is between you and it; nothing was sent to it.':
    'Entweder wurde der Rechner neu installiert, oder jemand steht dazwischen; es wurde nichts an ihn gesendet.',
  'If you know why the key is another one: flotilla node remove HOST --forget, then add the host again.':
    'Ist der Grund für den anderen Schlüssel bekannt: flotilla node remove HOST --forget, dann den Rechner erneut hinzufügen.',
  '{endpoint} is new here. Its {type} host key is {fingerprint}. Is this the right host?':
    '{endpoint} ist hier neu. Sein Host-Schlüssel ({type}) ist {fingerprint}. Ist das der richtige Rechner?',
  'the host key of {endpoint} was not accepted; nothing was sent to it. It showed {fingerprint}. Compare it with what the host says itself (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub): where they are the same, do this again, and accept it':
    'Der Host-Schlüssel von {endpoint} wurde nicht bestätigt; es wurde nichts an ihn gesendet. Gezeigt wurde {fingerprint}. Mit dem vergleichen, was der Rechner selbst sagt (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub): Sind beide gleich, das hier wiederholen und bestätigen',
  'sudo on {host} asks for the password of {user}': 'sudo auf {host} fragt nach dem Passwort von {user}',
  "add the cluster's own key to ~/.ssh/authorized_keys of {user}":
    'den eigenen Schlüssel des Clusters in ~/.ssh/authorized_keys von {user} eintragen',
  "take the cluster's own key out of ~/.ssh/authorized_keys of {user}":
    'den eigenen Schlüssel des Clusters aus ~/.ssh/authorized_keys von {user} entfernen',
  "write the agent's settings to /etc/flotilla (node {node})":
    'die Einstellungen des Agents nach /etc/flotilla schreiben (Node {node})',
  'write the unit {unit} and point /opt/flotilla/bin to agent {agent}':
    'die Unit {unit} schreiben und /opt/flotilla/bin auf Agent {agent} richten',
  'install the packages {packages} and what they depend on':
    'die Pakete {packages} installieren, und was sie benötigen',
  'start Docker, now and at every boot': 'Docker starten, jetzt und bei jedem Systemstart',
  'set {key} in {file}, so that pods run on while Docker restarts, and have Docker read it again':
    '{key} in {file} setzen, damit Pods weiterlaufen, während Docker neu startet, und Docker sie neu lesen lassen',
  'put back what {file} was before, if it was changed':
    '{file} wieder herstellen, wie sie vorher war, falls sie geändert wurde',
  'send what the host lacks of {image}, {size} in all': 'senden, was dem Rechner von {image} fehlt, insgesamt {size}',
  "send the agent's runtime to /opt/flotilla/runtime/{id} ({size})":
    'die Laufzeitumgebung des Agents nach /opt/flotilla/runtime/{id} senden ({size})',
  'send the agent to /opt/flotilla/agent/{id} ({size})': 'den Agent nach /opt/flotilla/agent/{id} senden ({size})',
  'cordon the node {node} and evict its pods': 'den Node {node} sperren und seine Pods verdrängen',
  'stop the agent; remove its containers, links, routes and rules':
    'den Agent anhalten; seine Container, Netzwerkschnittstellen, Routen und Regeln entfernen',
  'remove the images that were sent to it and that nobody else uses':
    'die Images entfernen, die auf ihn gesendet wurden und die sonst niemand verwendet',
  'delete the node {node} from the cluster': 'den Node {node} aus dem Cluster löschen',
  'refuse the certificates of the node {node} from now on': 'die Zertifikate des Nodes {node} ab jetzt ablehnen',
  'delete /opt/flotilla, /etc/flotilla, /var/lib/flotilla and the systemd unit':
    '/opt/flotilla, /etc/flotilla, /var/lib/flotilla und die systemd-Unit löschen',
  'have the agent start at every boot': 'den Agent bei jedem Systemstart starten lassen',
  'label the node: {labels}': 'den Node mit Labels versehen: {labels}',
  "forward port {port} of the host's loopback to the API server":
    'Port {port} auf dem Loopback des Rechners zum API-Server leiten',
  'start the agent, now and at every boot; it gets a certificate of its own with a token that works once':
    'den Agent starten, jetzt und bei jedem Systemstart; er erhält ein eigenes Zertifikat mit einem Token, das einmal gilt',
  'turn on time synchronisation, now and at every boot':
    'die Zeitsynchronisation einschalten, jetzt und bei jedem Systemstart',
  "where that reaches no time server: set the clock once, {seconds} s back, to this machine's":
    'wo sie keinen Zeitserver erreicht: die Uhr einmal um {seconds} s zurückstellen, auf die dieses Computers',
  "where that reaches no time server: set the clock once, {seconds} s forward, to this machine's":
    'wo sie keinen Zeitserver erreicht: die Uhr einmal um {seconds} s vorstellen, auf die dieses Computers',
  "set the clock once, {seconds} s back, to this machine's":
    'die Uhr einmal um {seconds} s zurückstellen, auf die dieses Computers',
  "set the clock once, {seconds} s forward, to this machine's":
    'die Uhr einmal um {seconds} s vorstellen, auf die dieses Computers',
  'install the package {package}, if it can be had, which keeps it right':
    'das Paket {package} installieren, falls es erhältlich ist, das sie richtig hält',
  'turn off time synchronisation: it was off before': 'die Zeitsynchronisation ausschalten: sie war vorher aus',
  "close port {port} of the host's loopback": 'Port {port} auf dem Loopback des Rechners schließen',
  "delete the node's certificate and state": 'Zertifikat und Zustand des Nodes löschen',
  'delete /etc/flotilla, /opt/flotilla/bin and the unit {unit}':
    '/etc/flotilla, /opt/flotilla/bin und die Unit {unit} löschen',
  'delete /opt/flotilla/agent': '/opt/flotilla/agent löschen',
  'delete /opt/flotilla/runtime': '/opt/flotilla/runtime löschen',
  'stop Docker, unless somebody else has containers in it: it did not run':
    'Docker anhalten, sofern niemand sonst Container darin hat: es lief vorher nicht',
  'remove the packages that joining installed': 'die Pakete entfernen, die beim Aufnehmen installiert wurden',
  "write the agent's settings to /etc/flotilla anew": 'die Einstellungen des Agents neu nach /etc/flotilla schreiben',
  'write the unit {unit} anew': 'die Unit {unit} neu schreiben',
  'restart the agent as version {id}': 'den Agent als Version {id} neu starten',
  'restart the agent as version {id} on the runtime {runtime}':
    'den Agent als Version {id} auf der Laufzeitumgebung {runtime} neu starten',
  'if the node is not Ready then: back to what ran before':
    'ist der Node dann nicht Ready: zurück zu dem, was vorher lief',
  'if the node is not Ready then: back to version {before}':
    'ist der Node dann nicht Ready: zurück zu Version {before}',
  'restart the agent; pods run on': 'den Agent neu starten; Pods laufen weiter',
} as const
