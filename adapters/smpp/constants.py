"""The numbers of SMPP 3.4 that we use, named as the standard names them; values come from smpplib's vocabulary."""

from typing import Final

from smpplib import command_codes, consts

# command_id (section 5.1.2.1)
BIND_RECEIVER: Final[int] = command_codes.commands["bind_receiver"]
BIND_RECEIVER_RESP: Final[int] = command_codes.commands["bind_receiver_resp"]
BIND_TRANSMITTER: Final[int] = command_codes.commands["bind_transmitter"]
BIND_TRANSMITTER_RESP: Final[int] = command_codes.commands["bind_transmitter_resp"]
BIND_TRANSCEIVER: Final[int] = command_codes.commands["bind_transceiver"]
BIND_TRANSCEIVER_RESP: Final[int] = command_codes.commands["bind_transceiver_resp"]
SUBMIT_SM: Final[int] = command_codes.commands["submit_sm"]
SUBMIT_SM_RESP: Final[int] = command_codes.commands["submit_sm_resp"]
DELIVER_SM: Final[int] = command_codes.commands["deliver_sm"]
DELIVER_SM_RESP: Final[int] = command_codes.commands["deliver_sm_resp"]
DATA_SM: Final[int] = command_codes.commands["data_sm"]
DATA_SM_RESP: Final[int] = command_codes.commands["data_sm_resp"]
UNBIND: Final[int] = command_codes.commands["unbind"]
UNBIND_RESP: Final[int] = command_codes.commands["unbind_resp"]
ENQUIRE_LINK: Final[int] = command_codes.commands["enquire_link"]
ENQUIRE_LINK_RESP: Final[int] = command_codes.commands["enquire_link_resp"]
GENERIC_NACK: Final[int] = command_codes.commands["generic_nack"]
QUERY_SM: Final[int] = command_codes.commands["query_sm"]
CANCEL_SM: Final[int] = command_codes.commands["cancel_sm"]
QUERY_SM_RESP: Final[int] = command_codes.commands["query_sm_resp"]
CANCEL_SM_RESP: Final[int] = command_codes.commands["cancel_sm_resp"]
REPLACE_SM_RESP: Final[int] = command_codes.commands["replace_sm_resp"]
SUBMIT_MULTI_RESP: Final[int] = command_codes.commands["submit_multi_resp"]

RESPONSE: Final = 0x80000000
"""The bit that makes a command_id a response."""

COMMAND_NAMES: Final[dict[int, str]] = {code: name for name, code in command_codes.commands.items()}

MAX_SEQUENCE_NUMBER: Final = 0x7FFFFFFF

# command_status (section 5.1.3)
ESME_ROK: Final[int] = consts.SMPP_ESME_ROK
ESME_RINVMSGLEN: Final[int] = consts.SMPP_ESME_RINVMSGLEN
ESME_RINVCMDLEN: Final[int] = consts.SMPP_ESME_RINVCMDLEN
ESME_RINVCMDID: Final[int] = consts.SMPP_ESME_RINVCMDID
ESME_RINVBNDSTS: Final[int] = consts.SMPP_ESME_RINVBNDSTS
ESME_RALYBND: Final[int] = consts.SMPP_ESME_RALYBND
ESME_RINVPRTFLG: Final[int] = consts.SMPP_ESME_RINVPRTFLG
ESME_RINVREGDLVFLG: Final[int] = consts.SMPP_ESME_RINVREGDLVFLG
ESME_RSYSERR: Final[int] = consts.SMPP_ESME_RSYSERR
ESME_RINVSRCADR: Final[int] = consts.SMPP_ESME_RINVSRCADR
ESME_RINVDSTADR: Final[int] = consts.SMPP_ESME_RINVDSTADR
ESME_RINVMSGID: Final[int] = consts.SMPP_ESME_RINVMSGID
ESME_RBINDFAIL: Final[int] = consts.SMPP_ESME_RBINDFAIL
ESME_RINVPASWD: Final[int] = consts.SMPP_ESME_RINVPASWD
ESME_RINVSYSID: Final[int] = consts.SMPP_ESME_RINVSYSID
ESME_RCANCELFAIL: Final[int] = consts.SMPP_ESME_RCANCELFAIL
ESME_RREPLACEFAIL: Final[int] = consts.SMPP_ESME_RREPLACEFAIL
ESME_RMSGQFUL: Final[int] = consts.SMPP_ESME_RMSGQFUL
ESME_RINVSERTYP: Final[int] = consts.SMPP_ESME_RINVSERTYP
ESME_RINVNUMDESTS: Final[int] = consts.SMPP_ESME_RINVNUMDESTS
ESME_RINVDLNAME: Final[int] = consts.SMPP_ESME_RINVDLNAME
ESME_RINVDESTFLAG: Final[int] = consts.SMPP_ESME_RINVDESTFLAG
ESME_RINVSUBREP: Final[int] = consts.SMPP_ESME_RINVSUBREP
ESME_RINVESMCLASS: Final[int] = consts.SMPP_ESME_RINVESMCLASS
ESME_RCNTSUBDL: Final[int] = consts.SMPP_ESME_RCNTSUBDL
ESME_RSUBMITFAIL: Final[int] = consts.SMPP_ESME_RSUBMITFAIL
ESME_RINVSRCTON: Final[int] = consts.SMPP_ESME_RINVSRCTON
ESME_RINVSRCNPI: Final[int] = consts.SMPP_ESME_RINVSRCNPI
ESME_RINVDSTTON: Final[int] = consts.SMPP_ESME_RINVDSTTON
ESME_RINVDSTNPI: Final[int] = consts.SMPP_ESME_RINVDSTNPI
ESME_RINVSYSTYP: Final[int] = consts.SMPP_ESME_RINVSYSTYP
ESME_RINVREPFLAG: Final[int] = consts.SMPP_ESME_RINVREPFLAG
ESME_RINVNUMMSGS: Final[int] = consts.SMPP_ESME_RINVNUMMSGS
ESME_RTHROTTLED: Final[int] = consts.SMPP_ESME_RTHROTTLED
ESME_RINVSCHED: Final[int] = consts.SMPP_ESME_RINVSCHED
ESME_RINVEXPIRY: Final[int] = consts.SMPP_ESME_RINVEXPIRY
ESME_RINVDFTMSGID: Final[int] = consts.SMPP_ESME_RINVDFTMSGID
ESME_RX_T_APPN: Final[int] = consts.SMPP_ESME_RX_T_APPN
ESME_RX_P_APPN: Final[int] = consts.SMPP_ESME_RX_P_APPN
ESME_RX_R_APPN: Final[int] = consts.SMPP_ESME_RX_R_APPN
ESME_RQUERYFAIL: Final[int] = consts.SMPP_ESME_RQUERYFAIL
ESME_RINVOPTPARSTREAM: Final[int] = consts.SMPP_ESME_RINVOPTPARSTREAM
ESME_ROPTPARNOTALLWD: Final[int] = consts.SMPP_ESME_ROPTPARNOTALLWD
ESME_RINVPARLEN: Final[int] = consts.SMPP_ESME_RINVPARLEN
ESME_RMISSINGOPTPARAM: Final[int] = consts.SMPP_ESME_RMISSINGOPTPARAM
ESME_RINVOPTPARAMVAL: Final[int] = consts.SMPP_ESME_RINVOPTPARAMVAL
ESME_RDELIVERYFAILURE: Final[int] = consts.SMPP_ESME_RDELIVERYFAILURE
ESME_RUNKNOWNERR: Final[int] = consts.SMPP_ESME_RUNKNOWNERR

# TLV tags (section 5.3.2)
TAG_RECEIPTED_MESSAGE_ID: Final[int] = consts.OPTIONAL_PARAMS["receipted_message_id"]
TAG_SAR_MSG_REF_NUM: Final[int] = consts.OPTIONAL_PARAMS["sar_msg_ref_num"]
TAG_SAR_TOTAL_SEGMENTS: Final[int] = consts.OPTIONAL_PARAMS["sar_total_segments"]
TAG_SAR_SEGMENT_SEQNUM: Final[int] = consts.OPTIONAL_PARAMS["sar_segment_seqnum"]
TAG_SC_INTERFACE_VERSION: Final[int] = consts.OPTIONAL_PARAMS["sc_interface_version"]
TAG_NETWORK_ERROR_CODE: Final[int] = consts.OPTIONAL_PARAMS["network_error_code"]
TAG_MESSAGE_PAYLOAD: Final[int] = consts.OPTIONAL_PARAMS["message_payload"]
TAG_MESSAGE_STATE: Final[int] = consts.OPTIONAL_PARAMS["message_state"]

# message_state (section 5.2.28); 0 and 9 are SMPP 5.0
STATE_SCHEDULED: Final = 0
STATE_ENROUTE: Final[int] = consts.SMPP_MESSAGE_STATE_ENROUTE
STATE_DELIVERED: Final[int] = consts.SMPP_MESSAGE_STATE_DELIVERED
STATE_EXPIRED: Final[int] = consts.SMPP_MESSAGE_STATE_EXPIRED
STATE_DELETED: Final[int] = consts.SMPP_MESSAGE_STATE_DELETED
STATE_UNDELIVERABLE: Final[int] = consts.SMPP_MESSAGE_STATE_UNDELIVERABLE
STATE_ACCEPTED: Final[int] = consts.SMPP_MESSAGE_STATE_ACCEPTED
STATE_UNKNOWN: Final[int] = consts.SMPP_MESSAGE_STATE_UNKNOWN
STATE_REJECTED: Final[int] = consts.SMPP_MESSAGE_STATE_REJECTED
STATE_SKIPPED: Final = 9

# esm_class (section 5.2.12): bits 5-2 of a deliver_sm say what it is
ESM_TYPE_MASK: Final = 0x3C
ESM_TYPE_RECEIPT: Final = 0x04
ESM_TYPE_DELIVERY_ACK: Final[int] = consts.SMPP_MSGTYPE_DELIVERYACK
ESM_TYPE_USER_ACK: Final[int] = consts.SMPP_MSGTYPE_USERACK
ESM_TYPE_INTERMEDIATE: Final = 0x20
ESM_UDHI: Final[int] = consts.SMPP_GSMFEAT_UDHI

# registered_delivery (section 5.2.17); the table's 0x10 for intermediate notifications, not the text's bit 5
RECEIPT_NONE: Final[int] = consts.SMPP_SMSC_DELIVERY_RECEIPT_NONE
RECEIPT_FINAL: Final[int] = consts.SMPP_SMSC_DELIVERY_RECEIPT_BOTH
RECEIPT_FAILURE: Final[int] = consts.SMPP_SMSC_DELIVERY_RECEIPT_FAILURE
RECEIPT_MASK: Final[int] = consts.SMPP_SMSC_DELIVERY_RECEIPT_BITMASK
RECEIPT_INTERMEDIATE: Final[int] = consts.SMPP_INT_NOTIFICATION_REQUESTED

# data_coding (section 5.2.19); FLASH is a GSM message class 0 (3GPP TS 23.038 section 4)
CODING_DEFAULT: Final[int] = consts.SMPP_ENCODING_DEFAULT
CODING_ASCII: Final[int] = consts.SMPP_ENCODING_IA5
CODING_LATIN1: Final[int] = consts.SMPP_ENCODING_ISO88591
CODING_BINARY: Final[int] = consts.SMPP_ENCODING_BINARY2
CODING_UCS2: Final[int] = consts.SMPP_ENCODING_ISO10646
CODING_FLASH: Final = 0x10
