/** Starts the console: settings, address, keys, then the page. */
import { render } from 'preact';
import { App } from './app';
import { followAddress } from './model/route';
import { applySettings } from './model/settings';
import { listenToKeys } from './model/shortcuts';
import './style/tokens.css';
import './style/base.css';
import './style/layout.css';
import './style/parts.css';
import './style/overlay.css';
import './style/forms.css';
import './style/graph.css';
import './style/screens.css';
import 'uplot/dist/uPlot.min.css';

applySettings();
followAddress();
listenToKeys();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
