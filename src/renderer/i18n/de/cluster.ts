// Access, Helm, hosts and nodes; how the cluster starts.

export const cluster = {
  // Who can do what
  'A click on a mark tells the reason.': 'Ein Klick auf ein Zeichen nennt den Grund.',
  'only some: certain namespaces or names': 'nur manche: bestimmte Namespaces oder Namen',
  'in every namespace': 'in jedem Namespace',
  'Filter subjects': 'Subjekte filtern',
  'Filter the subjects': 'Subjekte filtern',
  "Kubernetes' own ({systemCount})": 'Von Kubernetes selbst ({systemCount})',
  'Can somebody…?': 'Darf jemand …?',
  Invite: 'Einladen',
  'You may not list {forbidden}: what they give is missing here.':
    'Keine Berechtigung, {forbidden} aufzulisten: Was sie gewähren, fehlt hier.',
  'Reading roles and bindings…': 'Rollen und Bindungen werden gelesen …',
  'You may not list roles and bindings': 'Keine Berechtigung, Rollen und Bindungen aufzulisten',
  '“Can somebody…?” still answers about yourself.': '„Darf jemand …?“ gibt weiterhin Auskunft über den eigenen Zugang.',
  'Only Kubernetes itself may work with {resource}': 'Nur Kubernetes selbst hat Zugriff auf {resource}',
  Nobody: 'Niemand',
  "Show Kubernetes' own": 'Eigene von Kubernetes einblenden',
  'Invite somebody, or look at what its own groups and accounts may.':
    'Jemanden einladen oder ansehen, was die eigenen Gruppen und Accounts dürfen.',
  'No binding gives anybody {resource}.': 'Keine Bindung gibt irgendwem {resource}.',
  Subject: 'Subjekt',
  Why: 'Warum',
  'Why {name} may {verb} {resource}': 'Warum {name} Zugriff hat: {verb} {resource}',
  'work with': 'arbeiten mit',
  'Close the reasons': 'Gründe schließen',
  Binding: 'Bindung',
  ', everywhere': ', überall',
  Role: 'Rolle',
  Rule: 'Regel',
  'The server answers as it would answer the request.':
    'Der Server antwortet so, wie er auf die Anfrage antworten würde.',
  Can: 'Darf',
  I: 'ich',
  'the user': 'Benutzer',
  'the group': 'Gruppe',
  'the account': 'ServiceAccount',
  Verb: 'Verb',
  'every namespace': 'jeder Namespace',
  'Yes.': 'Ja.',
  'No.': 'Nein.',
  Ask: 'Fragen',
  'sees everything but secrets': 'sieht alles außer Secrets',
  'changes workloads, not rights': 'ändert Workloads, keine Rechte',
  'does all of it, rights within namespaces too': 'darf all das, auch Rechte innerhalb von Namespaces',
  'Invite a team member': 'Teammitglied einladen',
  'They get a kubeconfig with a key and a certificate of their own, and the role; revoking takes all of it away.':
    'Die Person erhält eine Kubeconfig mit eigenem Schlüssel samt Zertifikat und die Rolle; Widerrufen nimmt alles zurück.',
  'Small letters, digits, dots and dashes; and no name of the cluster itself.':
    'Kleinbuchstaben, Ziffern, Punkte und Bindestriche; und kein Name des Clusters selbst.',
  '{name} is invited already: the new role takes the place of the old one.':
    '{name} ist schon eingeladen: Die neue Rolle ersetzt die alte.',
  '{name} is invited: hand the kubeconfig over as a secret':
    '{name} ist eingeladen: Die Kubeconfig ist als Geheimnis zu übergeben',
  'Reached at': 'Erreichbar unter',
  'Nobody else reaches this cluster.': 'Niemand sonst erreicht diesen Cluster.',
  'The API server listens for this machine alone; start it with: flotilla serve --listen 0.0.0.0:6443':
    'Der API-Server ist nur auf dieser Maschine erreichbar; zu starten mit: flotilla serve --listen 0.0.0.0:6443',
  Team: 'Team',
  'Team members': 'Teammitglieder',
  'People who were invited, each with a kubeconfig of their own.':
    'Eingeladene Personen, jede mit einer eigenen Kubeconfig.',
  'Nobody was invited yet.': 'Noch niemand ist eingeladen.',
  Until: 'Bis',
  everywhere: 'überall',
  Revoke: 'Widerrufen',
  'Revoke {name}': '{name} widerrufen',
  'Revoke {name}?': '{name} widerrufen?',
  'What {name} has open ends at once, and the kubeconfig is refused from then on.':
    'Was {name} geöffnet hat, endet sofort, und die Kubeconfig wird fortan abgelehnt.',
  '{name} may do nothing any more. This cluster goes on knowing the certificate until it ends.':
    '{name} darf nichts mehr. Dieser Cluster kennt das Zertifikat weiter, bis es abläuft.',
  '{name} is revoked': '{name} ist widerrufen',
  '{name} is not revoked': '{name} ist nicht widerrufen',
  'What they may do': 'Was erlaubt ist',
  Where: 'Wo',
  'None chosen: everywhere.': 'Ohne Auswahl: überall.',
  'Valid for days': 'Gültigkeit in Tagen',

  // Helm
  'Roll {name} back to revision {revision}?': '{name} auf Revision {revision} zurückrollen?',
  'Uninstall {name}?': '{name} deinstallieren?',
  'Upgrade {name}': '{name} aktualisieren',
  'Install a chart': 'Chart installieren',
  'Its objects become what they were then, as a new revision.':
    'Seine Objekte erhalten ihren damaligen Stand, als neue Revision.',
  'Everything that the release brought is deleted, but for what its chart keeps.':
    'Alles, was das Release gebracht hat, wird gelöscht – außer dem, was sein Chart behält.',
  'The chart may be one of a repository that helm knows, an oci:// address, or a folder.':
    'Das Chart kann aus einem Repository stammen, das helm kennt, eine oci://-Adresse oder ein Ordner sein.',
  Uninstall: 'Deinstallieren',
  'See what would change': 'Zeigen, was sich änderte',
  '{made} new, {changed} changed, {gone} deleted, {same} as they are':
    '{made} neu, {changed} geändert, {gone} gelöscht, {same} wie bisher',
  'Runs beside it': 'Läuft dabei',
  'Notes of the chart': 'Hinweise des Charts',
  Install: 'Installieren',
  'helm: {name} done': 'helm: {name} erledigt',
  Release: 'Release',
  Chart: 'Chart',
  'repository/chart': 'repository/chart',
  'the newest': 'die neueste',
  'Keep its history, so that it can be rolled back': 'Verlauf behalten, damit Zurückrollen möglich bleibt',
  "Run this where helm and the cluster's kubeconfig are; the desktop app runs it by itself when helm is installed.":
    'Dort ausführen, wo helm und die Kubeconfig des Clusters liegen; die Desktop-App führt es selbst aus, wenn helm installiert ist.',
  Manifest: 'Manifest',
  'Reading the releases…': 'Releases werden gelesen …',
  'The releases cannot be read': 'Die Releases sind nicht lesbar',
  'No releases': 'Keine Releases',
  '{n} release | {n} releases': '{n} Release | {n} Releases',
  'What Helm installs into this cluster is listed here, whoever installs it.':
    'Hier steht, was Helm in diesem Cluster installiert, von wem auch immer.',
  Releases: 'Releases',
  App: 'App',
  'Release {name}': 'Release {name}',
  'Release in {namespace}': 'Release in {namespace}',
  'Views of this release': 'Ansichten dieses Releases',
  'This release cannot be read': 'Dieses Release ist nicht lesbar',
  'Helm has not made it yet.': 'Helm hat es noch nicht angelegt.',
  'Reading the manifest…': 'Manifest wird gelesen …',
  'Unpacking the release…': 'Release wird entpackt …',
  About: 'Über',
  'App version': 'App-Version',
  'Last change': 'Letzte Änderung',
  'The chart leaves no notes.': 'Das Chart hinterlässt keine Hinweise.',
  'What the chart sets by itself': 'Vorgaben des Charts',
  'Compare with the newest': 'Mit der neuesten vergleichen',
  'Roll back to {revision}': 'Auf {revision} zurückrollen',
  'From {before} to {after}': 'Von {before} nach {after}',
  'Nothing differs.': 'Kein Unterschied.',
  Difference: 'Unterschied',
  'the release unpacks to more than {n} bytes': 'das Release ist entpackt größer als {n} Bytes',

  // Hosts
  '{name}: not added': '{name}: nicht hinzugefügt',
  'Linux machines that this computer reaches over SSH. Only port 22 is needed. Nothing is changed before you have seen the plan.':
    'Linux-Rechner, die dieser Computer über SSH erreicht. Nur Port 22 ist nötig. Geändert wird erst etwas, wenn der Plan bestätigt ist.',
  'Addresses, one a line': 'Adressen, eine je Zeile',
  'From your SSH configuration': 'Aus der eigenen SSH-Konfiguration',
  'Also names out of your SSH configuration. After an address: roles, labels as key=value, and node-name=NAME.':
    'Auch Namen aus der SSH-Konfiguration. Nach einer Adresse: Rollen, Labels als key=value und node-name=NAME.',
  'Check {n} hosts': '{n} Rechner prüfen',
  'Check the host': 'Rechner prüfen',
  'The answer was not taken': 'Die Antwort wurde nicht angenommen',
  'Compare it on the machine: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub':
    'Auf dem Rechner vergleichen: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
  'It is this host': 'Das ist der Rechner',
  'It is not': 'Das ist er nicht',
  Answer: 'Antworten',
  'Not cancelled': 'Nicht abgebrochen',
  'Not started': 'Nicht gestartet',
  'What was found': 'Was gefunden wurde',
  Findings: 'Befunde',
  'What will be changed, and nothing else': 'Was geändert wird, und sonst nichts',
  Plan: 'Plan',
  'Not approved': 'Nicht bestätigt',
  'Change exactly this': 'Genau das ändern',
  Undo: 'Zurücknehmen',
  'Undo: {step}': 'Zurücknehmen: {step}',
  'Undo one more': 'Noch einen zurücknehmen',
  Forget: 'Vergessen',
  'Forget {name}?': '{name} vergessen?',
  'The machine is not touched: what was put on it stays there. Its node and its pods go from the cluster.':
    'Die Maschine wird nicht angerührt: Was auf ihr eingerichtet wurde, bleibt dort. Ihr Knoten und ihre Pods verlassen den Cluster.',
  Steps: 'Schritte',
  "{given} is not an address; it wants user{'@'}host or user{'@'}host:port":
    "{given} ist keine Adresse; nötig ist user{'@'}host oder user{'@'}host:port",
  '{word} is neither a role nor a label; a label wants key=value':
    '{word} ist weder Rolle noch Label; ein Label braucht key=value',
  'Line {index}: {host}.': 'Zeile {index}: {host}.',
  'Line {index}: {name} is there twice.': 'Zeile {index}: {name} steht doppelt da.',
  'There is another host {name} at {address}.': 'Es gibt schon einen anderen Rechner {name} unter {address}.',

  Join: 'Aufnehmen',
  Upgrade: 'Aktualisieren',

  // Images on hosts
  'Load images': 'Images laden',
  'Images that the Docker beside the control plane has, sent over SSH: no registry, and only the layers that a host lacks.':
    'Images aus dem Docker neben der Control Plane, über SSH gesendet: ohne Registry, und nur die Schichten, die einem Rechner fehlen.',
  'Images, one a line': 'Images, eines je Zeile',
  'Images of this computer': 'Images dieses Computers',
  'Send to': 'Senden an',
  Send: 'Senden',
  '{image} is not the name of an image.': '{image} ist kein Name eines Images.',

  // Draining a node
  'Draining {node}': '{node} wird geleert',
  'Drain {node}?': '{node} leeren?',
  'The node takes no new pods, and its pods are evicted as their disruption budgets allow.':
    'Der Node nimmt keine neuen Pods an, und seine Pods werden verdrängt, soweit ihre PodDisruptionBudgets es erlauben.',
  'Pods that have gone': 'Pods, die gegangen sind',
  '{gone} of {n} gone': '{gone} von {n} gegangen',
  'It goes on when this is closed.': 'Läuft weiter, auch wenn dies geschlossen wird.',
  'Finished. The node stays cordoned.': 'Fertig. Der Node bleibt gesperrt.',
  Consequences: 'Folgen',
  'Nothing runs here that would be missed.': 'Hier läuft nichts, das fehlen würde.',
  'What owns the pods makes new ones.': 'Was die Pods besitzt, legt neue an.',
  'Pod that leaves': 'Pod, der geht',
  Mind: 'Zu beachten',
  'not replaced': 'wird nicht ersetzt',
  'loses emptyDir': 'verliert emptyDir',
  'budget {blockedBy}': 'Budget {blockedBy}',
  'The budget {budget} does not allow it yet.': 'Das Budget {budget} lässt es noch nicht zu.',
  'only one': 'der einzige',
  'Also pods that nothing replaces': 'Auch Pods, die nichts ersetzt',
  'Also pods whose emptyDir data is lost': 'Auch Pods, deren emptyDir-Daten verloren gehen',
  '{n} pod stays | {n} pods stay': '{n} Pod bleibt | {n} Pods bleiben',
  'Cordon and evict {n} pod | Cordon and evict {n} pods':
    'Sperren und {n} Pod verdrängen | Sperren und {n} Pods verdrängen',
  '{n} pod has no controller and is gone for good. | {n} pods have no controller and are gone for good.':
    '{n} Pod hat keinen Controller und ist endgültig weg. | {n} Pods haben keinen Controller und sind endgültig weg.',
  '{n} pod loses the data in its emptyDir. | {n} pods lose the data in their emptyDirs.':
    '{n} Pod verliert die Daten in seinem emptyDir. | {n} Pods verlieren die Daten in ihren emptyDirs.',
  '{n} pod waits until its disruption budget allows it to go. | {n} pods wait until their disruption budgets allow them to go.':
    '{n} Pod wartet, bis sein PodDisruptionBudget ihn gehen lässt. | {n} Pods warten, bis ihre PodDisruptionBudgets sie gehen lassen.',
  '{n} workload has its only ready pod here and is away for a moment. | {n} workloads have their only ready pod here and are away for a moment.':
    '{n} Workload hat hier seinen einzigen bereiten Pod und fällt kurz aus. | {n} Workloads haben hier ihren einzigen bereiten Pod und fallen kurz aus.',
  '{n} pod belongs to the node and stays. | {n} pods belong to the node and stay.':
    '{n} Pod gehört zum Node und bleibt. | {n} Pods gehören zum Node und bleiben.',
  '{node} is drained but for {n} pod | {node} is drained but for {n} pods':
    '{node} ist bis auf {n} Pod geleert | {node} ist bis auf {n} Pods geleert',
  '{node} is drained': '{node} ist geleert',
  '{node} was not drained': '{node} wurde nicht geleert',

  // How the cluster starts
  'The port is taken': 'Der Port ist belegt',
  'The data folder is in use': 'Der Datenordner ist in Gebrauch',
  'The data folder is from a newer Flotilla': 'Der Datenordner stammt von einem neueren Flotilla',
  'The store cannot be opened': 'Der Speicher lässt sich nicht öffnen',
  'The store cannot go on': 'Der Speicher kann nicht weiterarbeiten',
  'Unlock the cluster': 'Cluster entsperren',
  'Wrong passphrase': 'Falsche Passphrase',
  'The cluster is encrypted': 'Der Cluster ist verschlüsselt',
  'The control plane is elsewhere': 'Die Control Plane ist anderswo',
  'The cluster cannot start': 'Der Cluster kann nicht starten',
  'Another program listens on this address, or it cannot be used. Choose another port, or end the other program.':
    'Ein anderes Programm lauscht auf dieser Adresse, oder sie ist nicht verfügbar. Einen anderen Port wählen oder das andere Programm beenden.',
  'Another Flotilla uses this data folder. End it there, or choose another folder.':
    'Ein anderes Flotilla verwendet diesen Datenordner. Es dort beenden oder einen anderen Ordner wählen.',
  'The Secrets of this cluster are encrypted. Its passphrase opens it.':
    'Die Secrets dieses Clusters sind verschlüsselt. Seine Passphrase öffnet ihn.',
  'That is not the passphrase of this cluster. Nothing was changed.':
    'Das ist nicht die Passphrase dieses Clusters. Es wurde nichts geändert.',
  'The Secrets of this cluster are encrypted with a key that this computer’s keychain does not hold. Start Flotilla with --encryption-key-file, or choose another folder.':
    'Die Secrets dieses Clusters sind mit einem Schlüssel verschlüsselt, der nicht im Schlüsselbund dieses Rechners liegt. Flotilla mit --encryption-key-file starten oder einen anderen Ordner wählen.',
  'No way into this cluster': 'Kein Zugang zu diesem Cluster',
  'The server does not answer': 'Der Server antwortet nicht',
  'It may be starting or stopped. Its containers keep running either way.':
    'Vielleicht startet er oder ist angehalten. Seine Container laufen in jedem Fall weiter.',
  'Use this port': 'Diesen Port verwenden',
  Passphrase: 'Passphrase',
  Unlock: 'Entsperren',
  'Keep it in this computer’s keychain': 'Im Schlüsselbund dieses Computers behalten',
  'Its nodes and pods go on there. To see it from here, add the cluster by its kubeconfig; it opens in a window of its own.':
    'Nodes und Pods laufen dort weiter. Um ihn von hier zu sehen, den Cluster über seine Kubeconfig hinzufügen; er öffnet sich in einem eigenen Fenster.',
  'Open it as another cluster…': 'Als anderen Cluster öffnen …',
  'Another data folder': 'Anderer Datenordner',
  'Open the logs': 'Logs öffnen',
  'Data folder:': 'Datenordner:',
  'What exactly happened': 'Was genau geschah',
  'Stopping the cluster…': 'Cluster wird angehalten …',
  'Starting the cluster…': 'Cluster wird gestartet …',
} as const
