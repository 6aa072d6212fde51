// The German of what the app says outside of its window: menus, the tray, dialogs of the system.
export const german = {
  // Menus
  'About Flotilla': 'Über Flotilla',
  'Look for a newer version…': 'Nach neuerer Version suchen …',
  'Settings…': 'Einstellungen …',
  Services: 'Dienste',
  'Hide Flotilla': 'Flotilla ausblenden',
  'Hide others': 'Andere ausblenden',
  'Show all': 'Alle einblenden',
  'Quit Flotilla': 'Flotilla beenden',
  File: 'Datei',
  'New window': 'Neues Fenster',
  'Close window': 'Fenster schließen',
  Edit: 'Bearbeiten',
  Undo: 'Rückgängig',
  Redo: 'Wiederholen',
  Cut: 'Ausschneiden',
  Copy: 'Kopieren',
  Paste: 'Einfügen',
  'Select all': 'Alles auswählen',
  Go: 'Gehe zu',
  'Go to or do…': 'Ort oder Befehl …',
  Back: 'Zurück',
  Forward: 'Vorwärts',
  Overview: 'Übersicht',
  Topology: 'Topologie',
  Nodes: 'Nodes',
  Pods: 'Pods',
  Timeline: 'Zeitverlauf',
  View: 'Ansicht',
  Sidebar: 'Seitenleiste',
  'Actual size': 'Originalgröße',
  'Zoom in': 'Vergrößern',
  'Zoom out': 'Verkleinern',
  'Full screen': 'Vollbild',
  'Developer tools': 'Entwicklerwerkzeuge',
  Window: 'Fenster',
  Minimize: 'Minimieren',
  Zoom: 'Zoomen',
  'Bring all to front': 'Alle nach vorne bringen',
  Help: 'Hilfe',
  'Keyboard help': 'Tastenhilfe',
  'Open the logs': 'Logs öffnen',
  'Save a log bundle…': 'Log-Paket speichern …',

  // The tray
  'Starting…': 'Startet …',
  Running: 'Läuft',
  'Not running': 'Läuft nicht',
  'Stopping…': 'Wird angehalten …',
  'no nodes': 'keine Nodes',
  '{ready} of {n} node ready | {ready} of {n} nodes ready':
    '{ready} von {n} Node bereit | {ready} von {n} Nodes bereit',
  '{n} pod not running | {n} pods not running': '{n} Pod läuft nicht | {n} Pods laufen nicht',
  'Open Flotilla': 'Flotilla öffnen',
  'Pods ({n} not running)': 'Pods, die nicht laufen: {n}',
  'Start the cluster again': 'Cluster wieder starten',
  'Copy the kubeconfig’s path': 'Pfad der Kubeconfig kopieren',
  'Keep this computer awake': 'Diesen Computer wach halten',
  'Start at login': 'Bei der Anmeldung starten',
  'Quit (containers keep running)': 'Beenden (Container laufen weiter)',

  // Closing
  'Keep the cluster running?': 'Soll der Cluster weiterlaufen?',
  'Flotilla can stay in the tray: the cluster goes on, and the icon there, or starting Flotilla again, brings the window back.':
    'Flotilla kann im Infobereich bleiben: Der Cluster läuft weiter, und das Symbol dort oder ein erneuter Start bringt das Fenster zurück.',
  'Quitting stops the control plane; containers keep running.':
    'Beenden hält die Control Plane an; Container laufen weiter.',
  'This is asked once. Settings can change it.': 'Das wird einmal gefragt; in den Einstellungen lässt es sich ändern.',
  'Keep running in the tray': 'Im Infobereich weiterlaufen',
  Quit: 'Beenden',
  Cancel: 'Abbrechen',

  // A window that stopped working
  'The window stopped working again': 'Das Fenster funktioniert erneut nicht mehr',
  'The cluster is not affected. A report is with the logs.':
    'Der Cluster ist nicht betroffen. Ein Bericht liegt bei den Logs.',
  'Load it again': 'Neu laden',
  'Close the window': 'Fenster schließen',

  // An app that met a fault
  'Flotilla met a fault that was not foreseen': 'In Flotilla ist ein unvorhergesehener Fehler aufgetreten',
  'What was acknowledged is stored, and containers keep running. A report is with the logs.':
    'Was bestätigt wurde, ist gespeichert, und Container laufen weiter. Ein Bericht liegt bei den Logs.',
  'Start Flotilla again': 'Flotilla neu starten',
  'Go on': 'Fortfahren',

  // Programs that log in to other clusters
  'Run a program to log in to {context}?': 'Programm ausführen, um sich bei {context} anzumelden?',
  'The kubeconfig {path} asks for this program, with your rights:':
    'Die Kubeconfig {path} verlangt dieses Programm, mit Ihren Rechten:',
  'This is asked again when the file changes.': 'Das wird erneut gefragt, wenn sich die Datei ändert.',
  'Run it': 'Ausführen',
  'Do not run it': 'Nicht ausführen',
} as const
