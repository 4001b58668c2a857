// Coming back on a plain connection: `/resume` gives a token, `/resume TOKEN` nick, room and everything since.
#pragma once
#include <string>

#include "core/client.hpp"

namespace chatbridge {

// Tells the client a token when the journal has it. From then on its place is kept. On the client's shard.
void offer_token(Client& client);

// Makes the client the one the token was given to. The token is used up before anything is given, and another is told.
// A connection that one still has is closed. On the client's shard.
void resume(Client& client, const std::string& token);

}  // namespace chatbridge
