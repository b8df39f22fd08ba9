// A peer on node's smpp package: `serve` is an SMSC, `connect PORT` an ESME. Both are steered by JSON lines on stdin
// and tell on stdout, one JSON line each, what they understood. They answer what asks for an answer as `answers` says.
'use strict';
const readline = require('readline');
const smpp = require('smpp');

smpp.PDU.maxLength = 128 * 1024;

const answers = {
    bind_transceiver: {system_id: 'node'}, bind_transmitter: {system_id: 'node'}, bind_receiver: {system_id: 'node'},
    submit_sm: {}, deliver_sm: {}, data_sm: {}, enquire_link: {}, unbind: {},
};
const sessions = [];
let ids = 0;

function tell(what) {
    console.log(JSON.stringify(what, (key, value) => (value && value.type === 'Buffer' ? hex(value.data) : value)));
}

function hex(octets) {
    return Buffer.from(octets).toString('hex');
}

// {hex: ...} stands for octets, {udh: ..., message: ...} for a text behind a header.
function given(value) {
    if (value === null || typeof value !== 'object') return value;
    if ('hex' in value) return Buffer.from(value.hex, 'hex');
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, given(one)]));
}

// A null answers nothing; `nack` answers with generic_nack, `with_body` keeps the body beside an error.
function answer(session, pdu) {
    const how = answers[pdu.command];
    if (pdu.command === 'unknown') return session.send(pdu.response());
    if (how === null || how === undefined) return undefined;
    const {nack, with_body: status, ...fields} = how;
    if (nack) {
        return session.send(new smpp.PDU('generic_nack', {command_status: nack, sequence_number: pdu.sequence_number}));
    }
    if (pdu.command === 'submit_sm' && !('message_id' in fields)) fields.message_id = `node-${++ids}`;
    const response = pdu.response(fields);
    if (!status) return session.send(response, () => pdu.command === 'unbind' && session.close());
    const octets = response.toBuffer();
    octets.writeUInt32BE(status, 8);
    return session.socket.write(octets);
}

function watch(session) {
    const number = sessions.push(session) - 1;
    session.on('pdu', pdu => {
        tell({session: number, ...pdu});
        if (!pdu.isResponse()) answer(session, pdu);
        if (pdu.command === 'unbind_resp') session.close();
    });
    session.on('close', () => tell({session: number, closed: true}));
    session.on('error', error => tell({session: number, error: error.message}));
    return number;
}

readline.createInterface({input: process.stdin}).on('line', line => {
    const {session, send, fields, raw, set} = JSON.parse(line);
    if (set) tell({set: Object.keys(Object.assign(answers, set))});
    if (send) sessions[session].send(new smpp.PDU(send, given(fields)));
    if (raw) sessions[session].socket.write(Buffer.from(raw, 'hex'));
}).on('close', () => process.exit(0));

if (process.argv[2] === 'serve') {
    const server = smpp.createServer(session => tell({session: watch(session), open: true}));
    server.listen(0, '127.0.0.1', () => tell({port: server.address().port}));
} else {
    const session = smpp.connect({host: '127.0.0.1', port: Number(process.argv[3])}, () => tell({session: 0, open: true}));
    watch(session);
}
